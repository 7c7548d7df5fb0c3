import type { Changes, ClerkObject } from "./objects.ts";

/** What a list can be sorted by. */
export type TimeField = "created_at" | "updated_at";

/** Part of a list, and how the list is sorted. */
export interface Page {
  field: TimeField;
  isDescending: boolean;
  offset: number;
  limit: number;
}

/** Which objects a list is of: all by default. Both times are exclusive. */
export interface Selection {
  among?: ClerkObject[] | undefined;
  createdAfter?: number | undefined;
  createdBefore?: number | undefined;
}

/** How objects of one kind hang together with others. */
export interface Relations {
  /** The ids of the objects that one belongs to. */
  ownersOf?: (object: ClerkObject) => unknown[];
  /** Where the objects are that are deleted with their owner here. */
  dependents?: ObjectStore[];
}

/** Objects of one kind by id, and sorted by each of their times. */
export class ObjectStore implements Iterable<ClerkObject> {
  readonly #objects = new Map<string, ClerkObject>();
  readonly #owned = new Map<string, Set<string>>();
  readonly #sorted = {
    created_at: new SortedObjects("created_at"),
    updated_at: new SortedObjects("updated_at"),
  };
  readonly #ownersOf: (object: ClerkObject) => unknown[];
  readonly #dependents: ObjectStore[];

  constructor({ ownersOf = () => [], dependents = [] }: Relations = {}) {
    this.#ownersOf = ownersOf;
    this.#dependents = dependents;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(id: string): ClerkObject | undefined {
    return this.#objects.get(id);
  }

  /**
   * @returns The object that was added.
   * @throws {Error} if there is one with its id.
   */
  add(object: ClerkObject): ClerkObject {
    if (this.#objects.has(object.id)) throw new Error(`There is already a "${object.id}"`);
    this.#insert(object);
    return object;
  }

  /**
   * Replaces fields. `updated_at` becomes now unless it is among them.
   *
   * @returns The changed object; the old one stays as it was.
   * @throws {Error} if there is none with the id.
   */
  update(id: string, changes: Changes): ClerkObject {
    const old = this.#objects.get(id);
    if (!old) throw new Error(`There is no "${id}"`);
    this.#remove(old);
    const changed = { ...old, updated_at: Date.now(), ...changes, id };
    this.#insert(changed);
    return changed;
  }

  /** @returns Whether there was one with the id. */
  delete(id: string): boolean {
    const object = this.#objects.get(id);
    if (!object) return false;
    this.#objects.delete(id);
    this.#remove(object);
    for (const store of this.#dependents) {
      for (const owned of store.ownedBy(id)) store.delete(owned.id);
    }
    return true;
  }

  /** The objects that belong to another one. */
  ownedBy(owner: string): ClerkObject[] {
    return [...this.#owned.get(owner) ?? []].flatMap((id) => this.#objects.get(id) ?? []);
  }

  /** In the order they were added. */
  [Symbol.iterator](): Iterator<ClerkObject> {
    return this.#objects.values();
  }

  /** Part of a list, as most of Clerk's lists are answered. */
  page(selection: Selection, page: Page): { data: ClerkObject[]; total_count: number } {
    const { objects, from, to } = this.#select(selection, page.field);
    const near = Math.min(page.offset, to - from);
    const far = Math.min(near + page.limit, to - from);
    return {
      data: page.isDescending
        ? objects.slice(to - far, to - near).reverse()
        : objects.slice(from + near, from + far),
      total_count: to - from,
    };
  }

  /** The range of a sorted array that is selected: copying 100,000 objects per page would be slow. */
  #select(
    { among, createdAfter = -Infinity, createdBefore = Infinity }: Selection,
    field: TimeField,
  ): { objects: ClerkObject[]; from: number; to: number } {
    const { objects, compare } = this.#sorted[field];
    if (!among && field === "created_at") {
      const from = this.#sorted.created_at.endOf(createdAfter);
      return { objects, from, to: Math.max(from, this.#sorted.created_at.startOf(createdBefore)) };
    }
    const selected = (among ? among.toSorted(compare) : objects).filter(({ created_at }) =>
      created_at > createdAfter && created_at < createdBefore
    );
    return { objects: selected, from: 0, to: selected.length };
  }

  #insert(object: ClerkObject): void {
    this.#objects.set(object.id, object);
    for (const sorted of Object.values(this.#sorted)) sorted.insert(object);
    for (const owner of this.#ownersOf(object)) {
      if (typeof owner !== "string") continue;
      const owned = this.#owned.get(owner) ?? new Set();
      this.#owned.set(owner, owned.add(object.id));
    }
  }

  /** From everything but the map by id, in which an update keeps its place. */
  #remove(object: ClerkObject): void {
    for (const sorted of Object.values(this.#sorted)) sorted.remove(object);
    for (const owner of this.#ownersOf(object)) {
      if (typeof owner !== "string") continue;
      const owned = this.#owned.get(owner);
      owned?.delete(object.id);
      if (owned?.size === 0) this.#owned.delete(owner);
    }
  }
}

/** Objects by one of their times, oldest first; those of one time by id. */
class SortedObjects {
  readonly objects: ClerkObject[] = [];
  readonly #field: TimeField;

  constructor(field: TimeField) {
    this.#field = field;
  }

  readonly compare = (left: ClerkObject, right: ClerkObject): number => {
    const difference = left[this.#field] - right[this.#field];
    return difference || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0);
  };

  insert(object: ClerkObject): void {
    this.objects.splice(this.#count((other) => this.compare(other, object) < 0), 0, object);
  }

  remove(object: ClerkObject): void {
    this.objects.splice(this.#count((other) => this.compare(other, object) < 0), 1);
  }

  /** The position of the first object of a time or later. */
  startOf(time: number): number {
    return this.#count((object) => object[this.#field] < time);
  }

  /** The position of the first object later than a time. */
  endOf(time: number): number {
    return this.#count((object) => object[this.#field] <= time);
  }

  /** How many objects lie before a border, by binary search. */
  #count(isBefore: (object: ClerkObject) => boolean): number {
    let [from, to] = [0, this.objects.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const object = this.objects[middle];
      if (object && isBefore(object)) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
