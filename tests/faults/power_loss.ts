// Plays a loss of power behind a kill -9: from the notes of the preloaded library (faulty_files.c) it undoes what no sync has
// made durable. Files are cut to what was synced and a random part of the rest; names made, renamed and removed since
// the last sync of their directory are undone from a random one of them on; bytes that a failed sync left out are zeros.
import { FaultDisk, type FaultDiskOptions } from "./fault_disk.ts";
import type { Random } from "../values/random.ts";

const BYTES_MAX = Number.MAX_SAFE_INTEGER;

/** What is durable of a file. */
interface Durable {
  end: number;
  /** Parts below `end` that a failed sync has left out. */
  lost: [start: number, end: number][];
}

type NameChange =
  | { kind: "create"; path: string }
  | { kind: "remove"; path: string; kept: string }
  | { kind: "rename"; from: string; to: string; kept: string };

/** A disk whose power may fail: `data` is the directory of servers, one after the other, with `env`. */
export class PowerLossDisk implements Disposable {
  readonly data: string;
  readonly faults: FaultDisk;
  readonly #root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "spork-power-loss-" }));
  readonly #notes: string;
  #ends = new Map<number, number>();

  constructor(options: FaultDiskOptions = {}) {
    this.data = `${this.#root}/data`;
    this.#notes = `${this.#root}/notes`;
    Deno.mkdirSync(this.data);
    this.faults = new FaultDisk(options);
    this.begin();
  }

  get env(): Record<string, string> {
    return { ...this.faults.env, POWER_LOSS_DIRECTORY: this.data, POWER_LOSS_NOTES: this.#notes };
  }

  /** Before a server starts: all that is there now is durable. */
  begin(): void {
    removeIfThere(this.#notes);
    Deno.mkdirSync(this.#notes);
    this.#ends = new Map(
      filesBelow(this.data).map((path) => {
        const { ino, size } = Deno.statSync(path);
        return [ino!, size];
      }),
    );
  }

  /** After the server's end: what was not durable is lost, or a part of it. */
  lose(random: Random): void {
    const lines = this.#lines();
    const files = this.#durable(lines);
    undoNames(lines, random);
    for (const path of filesBelow(this.data)) {
      const { ino, size } = Deno.statSync(path);
      damage(path, size, files.get(ino!) ?? { end: this.#ends.get(ino!) ?? 0, lost: [] }, random);
    }
    this.begin();
  }

  [Symbol.dispose](): void {
    this.faults[Symbol.dispose]();
    Deno.removeSync(this.#root, { recursive: true });
  }

  #lines(): string[] {
    try {
      return Deno.readTextFileSync(`${this.#notes}/journal`).split("\n").slice(0, -1);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  #durable(lines: string[]): Map<number, Durable> {
    const files = new Map<number, Durable>();
    for (const line of lines) {
      const [kind, word, first, second] = line.split(" ");
      if (!FILE_NOTES.has(kind)) continue;
      const inode = Number(word);
      let file = files.get(inode);
      if (file === undefined) files.set(inode, file = { end: this.#ends.get(inode) ?? 0, lost: [] });
      note(file, kind, Number(first), Number(second));
    }
    return files;
  }
}

const FILE_NOTES = new Set(["sync", "fail", "cut", "write"]);

function note(file: Durable, kind: string, first: number, second: number): void {
  switch (kind) {
    case "sync":
      file.end = Math.max(file.end, first);
      return;
    case "fail":
      if (first > file.end) file.lost.push([file.end, first]);
      return;
    case "cut":
      file.end = Math.min(file.end, first);
      file.lost = without(file.lost, first, BYTES_MAX);
      return;
    default:
      file.lost = without(file.lost, first, second);
  }
}

function without(ranges: [number, number][], start: number, end: number): [number, number][] {
  const left: [number, number][] = [];
  for (const range of ranges) {
    if (range[0] < Math.min(range[1], start)) left.push([range[0], Math.min(range[1], start)]);
    if (Math.max(range[0], end) < range[1]) left.push([Math.max(range[0], end), range[1]]);
  }
  return left;
}

function damage(path: string, size: number, durable: Durable, random: Random): void {
  const end = Math.min(size, durable.end);
  const kept = random.oneIn(2) ? end : end + random.below(size - end + 1);
  if (kept < size) Deno.truncateSync(path, kept);
  const holes = durable.lost.filter(([start]) => start < end);
  if (holes.length === 0) return;
  using file = Deno.openSync(path, { write: true });
  for (const [start, lostEnd] of holes) {
    file.seekSync(start, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array(Math.min(lostEnd, end) - start));
  }
}

/** Changes of names since the last sync of their directory: a random number of the last ones did not happen. */
function undoNames(lines: string[], random: Random): void {
  const pending = new Map<string, NameChange[]>();
  for (const line of lines) {
    const space = line.indexOf(" ");
    const [first, second, third] = line.slice(space + 1).split("\t");
    const change = nameChange(line.slice(0, space), first, second, third);
    if (change !== null) {
      const folder = folderOf(change.kind === "rename" ? change.to : change.path);
      const changes = pending.get(folder);
      if (changes) changes.push(change);
      else pending.set(folder, [change]);
    } else if (line.startsWith("syncdir ")) {
      pending.delete(first);
    }
  }
  for (const changes of pending.values()) {
    for (let left = random.below(changes.length + 1); left > 0; left--) undo(changes.pop()!);
  }
}

function nameChange(kind: string, first: string, second: string, third: string): NameChange | null {
  switch (kind) {
    case "create":
      return { kind, path: first };
    case "remove":
      return { kind, path: first, kept: second };
    case "rename":
      return { kind, from: first, to: second, kept: third };
    default:
      return null;
  }
}

function undo(change: NameChange): void {
  if (change.kind === "create") {
    removeIfThere(change.path);
    return;
  }
  const path = change.kind === "rename" ? change.to : change.path;
  if (change.kind === "rename" && exists(change.to)) Deno.renameSync(change.to, change.from);
  if (change.kept !== "-" && !exists(path)) Deno.linkSync(change.kept, path);
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function removeIfThere(path: string): void {
  if (exists(path)) Deno.removeSync(path, { recursive: true });
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function filesBelow(folder: string): string[] {
  const paths: string[] = [];
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) paths.push(...filesBelow(path));
    else if (entry.isFile) paths.push(path);
  }
  return paths;
}
