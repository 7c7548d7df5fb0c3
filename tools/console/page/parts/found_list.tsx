import type { FoundObject } from "../../shapes.ts";
import { addressOf } from "../route.ts";
import { StateBadge } from "./badge.tsx";

/** Objects to choose from, each a link. */
export function FoundList(
  { objects, hrefOf = objectAddress, isOfOneTable = false }: {
    objects: FoundObject[];
    /** Then none of them needs to say which. */
    isOfOneTable?: boolean;
    hrefOf?: (object: FoundObject) => string;
  },
) {
  return (
    <ul class="found">
      {objects.map((object) => (
        <li key={`${object.table} ${object.id}`}>
          <a href={hrefOf(object)}>
            {object.label !== null && <span class="label">{object.label}</span>}
            <span class={object.label === null ? "id only" : "id"}>{object.id}</span>
            {!isOfOneTable && <span class="table">{object.table}</span>}
          </a>
          {object.state !== "full" && <StateBadge state={object.state} />}
        </li>
      ))}
    </ul>
  );
}

function objectAddress({ table, id }: FoundObject): string {
  return addressOf("objects", id, { table });
}
