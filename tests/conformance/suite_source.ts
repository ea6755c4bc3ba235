// Fetches the source package of Redis 7.0.15 from the distribution this machine runs, for its Tcl test suite. Everything
// apt writes goes to private folders; the suite is kept in the user's cache, nothing of it is in this repository.

export const SUITE_VERSION = "7.0.15";
const SOURCES_FOLDER = "/etc/apt/sources.list.d";
/** What of the package the suite needs to run. */
const KEPT = ["tests", "utils", "redis.conf", "sentinel.conf"];

/** The suite can't be had: says what is missing and what to do. */
export class SuiteUnavailable extends Error {
  override name = "SuiteUnavailable";
}

/** Folder that holds the unpacked suite (`tests/test_helper.tcl`), fetched if this user does not have it yet. */
export async function suiteFolder(log: (line: string) => void): Promise<string> {
  const cache = cacheFolder();
  const folder = `${cache}/redis-${SUITE_VERSION}`;
  if (exists(`${folder}/tests/test_helper.tcl`)) return folder;
  await requirePrograms(["apt-get", "tar", "patch", "xz"]);
  Deno.mkdirSync(cache, { recursive: true });
  const work = await Deno.makeTempDir({ dir: cache, prefix: "fetch-" });
  try {
    log(`fetching the source package of Redis ${SUITE_VERSION}`);
    await download(work);
    const unpacked = await unpack(work);
    try {
      Deno.renameSync(unpacked, folder);
    } catch (error) {
      // Another run was faster.
      if (!exists(`${folder}/tests/test_helper.tcl`)) throw error;
    }
  } finally {
    Deno.removeSync(work, { recursive: true });
  }
  return folder;
}

/** Fails with a plain message where the suite can't run at all. */
export async function requirePrograms(names: string[]): Promise<void> {
  const missing: string[] = [];
  for (const name of names) {
    const { success } = await new Deno.Command("sh", { args: ["-c", `command -v ${name} >/dev/null`] })
      .output();
    if (!success) missing.push(name);
  }
  if (missing.length === 0) return;
  throw new SuiteUnavailable(
    `missing programs: ${missing.join(", ")} (on Debian: apt install tcl patch xz-utils redis-tools)`,
  );
}

function cacheFolder(): string {
  const given = Deno.env.get("SPORK_CONFORMANCE_CACHE");
  if (given) return given;
  const home = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? "/tmp"}/.cache`;
  return `${home}/spork-conformance`;
}

async function download(work: string): Promise<void> {
  for (const folder of ["lists/partial", "archives/partial", "sources", "package"]) {
    Deno.mkdirSync(`${work}/${folder}`, { recursive: true });
  }
  const found = writeSources(`${work}/sources`, distributionCodename());
  if (found === 0) {
    throw new SuiteUnavailable("no package source of this distribution in /etc/apt: nowhere to fetch from");
  }
  const options = [
    ["Dir::Etc::SourceList", "/dev/null"],
    ["Dir::Etc::SourceParts", `${work}/sources`],
    ["Dir::State::Lists", `${work}/lists`],
    ["Dir::Cache", work],
    ["Dir::Cache::Archives", `${work}/archives`],
    ["APT::Sandbox::User", ""],
    ["Acquire::Retries", "2"],
  ].flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  await run("apt-get", [...options, "-q", "update"], work);
  await run("apt-get", [...options, "-q", "source", "--download-only", "redis"], `${work}/package`);
}

/** The system's own package sources of the distribution, as source-package sources. Returns how many. */
function writeSources(folder: string, codename: string): number {
  let count = 0;
  const ofThisRelease = (suite: string) => suite === codename || suite.startsWith(`${codename}-`);
  for (const path of aptSourceFiles()) {
    const text = Deno.readTextFileSync(path);
    if (path.endsWith(".sources")) {
      for (const stanza of text.split(/\n\s*\n/)) {
        const suites = /^Suites:(.*)$/m.exec(stanza)?.[1].trim().split(/\s+/) ?? [];
        if (!/^Types:.*\bdeb\b/m.test(stanza) || !suites.some(ofThisRelease)) continue;
        const source = stanza.replace(/^Types:.*$/m, "Types: deb-src");
        Deno.writeTextFileSync(`${folder}/${count++}.sources`, `${source.trim()}\n`);
      }
    } else {
      for (const line of text.split("\n")) {
        const match = /^deb\s+(\[[^\]]*\]\s+)?\S+\s+(\S+)/.exec(line);
        if (match === null || !ofThisRelease(match[2])) continue;
        Deno.writeTextFileSync(`${folder}/${count++}.list`, `${line.replace(/^deb/, "deb-src")}\n`);
      }
    }
  }
  return count;
}

function aptSourceFiles(): string[] {
  const files = ["/etc/apt/sources.list"].filter(exists);
  if (!exists(SOURCES_FOLDER)) return files;
  for (const entry of Deno.readDirSync(SOURCES_FOLDER)) {
    if (/\.(list|sources)$/.test(entry.name)) files.push(`${SOURCES_FOLDER}/${entry.name}`);
  }
  return files;
}

function distributionCodename(): string {
  const name = exists("/etc/os-release")
    ? /^VERSION_CODENAME=(\S+)$/m.exec(Deno.readTextFileSync("/etc/os-release"))?.[1]
    : undefined;
  if (name === undefined) throw new SuiteUnavailable("/etc/os-release names no release of a distribution");
  return name.replaceAll('"', "");
}

/** Unpacks the upstream archive and applies the distribution's patches; the folder with what the suite needs. */
async function unpack(work: string): Promise<string> {
  const names = [...Deno.readDirSync(`${work}/package`)].map((entry) => entry.name);
  const upstream = names.find((name) => /\.orig\.tar\.\w+$/.test(name));
  const packaging = names.find((name) => /\.debian\.tar\.\w+$/.test(name));
  if (!upstream?.startsWith(`redis_${SUITE_VERSION}.`) || packaging === undefined) {
    throw new SuiteUnavailable(
      `this distribution has another Redis than ${SUITE_VERSION}: ${names.join(", ") || "none"}`,
    );
  }
  const tree = `${work}/tree`;
  Deno.mkdirSync(tree);
  await run("tar", ["xf", `${work}/package/${upstream}`, "--strip-components=1", "-C", tree], work);
  await run("tar", ["xf", `${work}/package/${packaging}`, "-C", tree], work);
  for (const line of Deno.readTextFileSync(`${tree}/debian/patches/series`).split("\n")) {
    const name = line.replace(/#.*/, "").trim();
    if (name !== "") await run("patch", ["-p1", "-s", "-i", `debian/patches/${name}`], tree);
  }
  for (const entry of [...Deno.readDirSync(tree)]) {
    if (!KEPT.includes(entry.name)) Deno.removeSync(`${tree}/${entry.name}`, { recursive: true });
  }
  return tree;
}

async function run(program: string, args: string[], cwd: string): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd, stdin: "null" }).output();
  if (success) return;
  const said = new TextDecoder().decode(stderr) || new TextDecoder().decode(stdout);
  const command = [program, ...args.filter((word, i) => word !== "-o" && args[i - 1] !== "-o")].join(" ");
  throw new SuiteUnavailable(`${command} failed:\n${said.trim()}`);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
