import type { FoundObject } from "../../shapes.ts";
import { addressOf } from "../route.ts";
import { StateBadge } from "./badge.tsx";

/** Objects to choose from, each a link. */
export function FoundList(
  { objects, hrefOf = objectAddress }: {
    objects: FoundObject[];
    hrefOf?: (object: FoundObject) => string;
  },
) {
  return (
    <ul class="found">
      {objects.map((object) => (
        <li key={`${object.table} ${object.id}`}>
          <a href={hrefOf(object)}>
            <span class="label">{object.label ?? object.id}</span>
            <span class="table">{object.table}</span>
            <span class="id">{object.id}</span>
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
