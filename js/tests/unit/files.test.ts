import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Node } from "../../src/data/export/documents";
import { unpack } from "../../src/data/export/gzip";
import { safeName } from "../../src/data/export/manifests";
import { defaultPalette } from "../../src/data/export/palettes";
import { type Place, segments } from "../../src/data/export/place";
import { choose, findExports } from "../../src/data/export/several";
import { FilesSource } from "../../src/data/files";

const VECTORS = join(import.meta.dirname, "../../../tests/vectors");
const EXPORTS = join(VECTORS, "exports"); // Cellucid's
const OWN = join(VECTORS, "own_exports");

type Answer = { dtype: string; base64: string } | Record<string, unknown>;
/** What Python reads of each export: its resources by path. */
const PYTHON: Record<string, Record<string, Answer>> = JSON.parse(readFileSync(join(VECTORS, "exports.json"), "utf8"));

/** A folder of this disk, some of whose files are others. */
class TestPlace implements Place {
  readonly asked: string[] = [];

  constructor(
    private readonly path: string,
    readonly changed: Record<string, Uint8Array<ArrayBuffer> | null> = {},
    readonly name = path.split("/").at(-1) ?? "",
  ) {}

  async read(path: string) {
    this.asked.push(path);
    segments(path);
    if (path in this.changed) return this.changed[path];
    try {
      return new Uint8Array(readFileSync(join(this.path, path)));
    } catch {
      return null;
    }
  }

  async folders() {
    return readdirSync(this.path).filter((name) => statSync(join(this.path, name)).isDirectory());
  }

  folder(path: string) {
    segments(path);
    const below = Object.entries(this.changed).filter(([file]) => file.startsWith(`${path}/`));
    return new TestPlace(
      join(this.path, path),
      Object.fromEntries(below.map(([file, bytes]) => [file.slice(path.length + 1), bytes])),
    );
  }
}

function folder(name: string, changed: Record<string, unknown> = {}): TestPlace {
  const bytes = Object.entries(changed).map(([path, content]) => [
    path,
    content === null || content instanceof Uint8Array ? content : encode(content),
  ]);
  return new TestPlace(pathOf(name), Object.fromEntries(bytes));
}

function pathOf(name: string): string {
  return join(existsSync(join(OWN, name)) ? OWN : EXPORTS, name);
}

function encode(content: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content));
}

function documentOf(name: string, file: string) {
  return JSON.parse(readFileSync(join(pathOf(name), file), "utf8"));
}

async function textOf(source: FilesSource, path: string) {
  return JSON.parse(new TextDecoder().decode((await source.read(path)).bytes));
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(Object.keys(PYTHON))("the export %s", (name) => {
  const python = PYTHON[name];

  test("has the manifest that Python makes, with embeddings that are measured when they are asked for", async () => {
    const source = await FilesSource.open(folder(name));
    const manifest = await textOf(source, "manifest.json");
    const embeddings = await Promise.all(
      manifest.embeddings.map(({ path }: { path: string }) => textOf(source, path.replace(/\.f32$/, ".json"))),
    );
    expect({ ...manifest, embeddings }).toEqual(python["manifest.json"]);
  });

  test("has every resource that Python has, with the same bytes", async () => {
    const source = await FilesSource.open(folder(name));
    for (const [path, said] of Object.entries(python)) {
      if (path === "manifest.json") continue;
      const read = await source.read(path);
      if ("base64" in said) {
        expect([path, read.dtype, Buffer.from(read.bytes).toString("base64")]).toEqual([path, said.dtype, said.base64]);
      } else expect([path, JSON.parse(new TextDecoder().decode(read.bytes))]).toEqual([path, said]);
    }
  });
});

test("only the embedding that is shown first is read at the start", async () => {
  const place = folder("own-none");
  await FilesSource.open(place);
  expect(place.asked.filter((path) => !path.endsWith(".json"))).toEqual(["points_2d.bin"]);
});

test("an embedding that places no cell is passed by, and one alone is an error that says so", async () => {
  const nowhere = new Uint8Array(new Float32Array(24).fill(Number.NaN).buffer);
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const empty = folder("A-none", { "points_3d.bin": null, "points_2d.bin": nowhere, "points_1d.bin": nowhere });
  await expect(FilesSource.open(empty)).rejects.toThrow("A-none/points_3d.bin: there is no such file.");
  const identity = documentOf("A-none", "dataset_identity.json");
  const files = { "2d": "points_2d.bin", "1d": "points_1d.bin" };
  const flat = { ...identity, embeddings: { default_dimension: 2, files } };
  const source = await FilesSource.open(
    folder("A-none", { "dataset_identity.json": flat, "points_2d.bin": nowhere, "points_1d.bin": new Uint8Array(48) }),
  );
  expect(source.manifest.embeddings.map(({ key }) => key)).toEqual(["X_umap_1d"]);
  expect(warned).toHaveBeenCalledWith(expect.stringContaining("X_umap_2d"));
  await expect(
    FilesSource.open(
      folder("A-none", { "dataset_identity.json": flat, "points_2d.bin": nowhere, "points_1d.bin": nowhere.slice(48) }),
    ),
  ).rejects.toThrow("nothing to draw");
});

describe("whatever is wrong is an error that names the file", () => {
  const obs = documentOf("A-none", "obs_manifest.json");
  test.each([
    ["dataset_identity.json", null, "A-none/dataset_identity.json: there is no such file."],
    ["obs_manifest.json", null, "A-none/obs_manifest.json: there is no such file."],
    ["obs_manifest.json", "{", "A-none/obs_manifest.json: it is not JSON that can be read"],
    ["obs_manifest.json", "[]", "A-none/obs_manifest.json: expected an object, got []."],
    [
      "obs_manifest.json",
      { ...obs, n_points: "12" },
      'n_points: expected a whole number from 1 to 268435456, got "12".',
    ],
    [
      "obs_manifest.json",
      { ...obs, n_points: 13 },
      "stats.n_cells: expected the 13 cells of obs_manifest.json, got 12.",
    ],
    ["dataset_identity.json", { version: 4 }, "A-none/dataset_identity.json: version: this is version 4"],
    ["points_3d.bin", new Uint8Array(7), "A-none/points_3d.bin: it has 7 bytes instead of the 144 that"],
    ["additions.json", { format: 1 }, "A-none/additions.json: format: expected a text, got 1."],
  ])("%s is %j", async (file, content, message) => {
    await expect(FilesSource.open(folder("A-none", { [file]: content }))).rejects.toThrow(message);
  });

  test.each(["../secret", "/etc/passwd", "obs/../../secret", "C:\\secret", "obs\\..\\..\\x", ""])(
    "a path that leads out of the folder: %s",
    async (path) => {
      const identity = documentOf("A-none", "dataset_identity.json");
      identity.embeddings.files["3d"] = path;
      const place = folder("A-none", { "dataset_identity.json": identity });
      await expect(FilesSource.open(place)).rejects.toThrow("must be relative");
    },
  );

  test("codes of no category", async () => {
    const codes = new Uint8Array(12).fill(9);
    const source = await FilesSource.open(folder("C-none", { "obs/0.codes.u8": codes }));
    await expect(source.read("obs/cell%20type.codes.u8")).rejects.toThrow(
      "C-none/obs/0.codes.u8: cell 0 has the code 9, and there are 3 categories.",
    );
  });

  test("a gene that is not there, or there several times", async () => {
    const variables = documentOf("C-none", "var_manifest.json");
    variables.fields[1][1] = "CD3/D";
    const source = await FilesSource.open(folder("C-none", { "var_manifest.json": variables }));
    const read = async (gene: string) => source.read(`var/${gene}.values.f32`);
    await expect(read("CD3%2FD")).rejects.toThrow("several genes have this name");
    await expect(read("nothing")).rejects.toThrow("not in this export");
    expect(await textOf(source, "var/genes.json")).toEqual({ genes: ["MT-CO1", "x_", "GENE 5"], ambiguous: 1 });
  });

  test("any bytes for a manifest", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json().map(encode), fc.uint8Array()), async (bytes) => {
        const opened = FilesSource.open(folder("A-none", { "obs_manifest.json": Uint8Array.from(bytes) }));
        await expect(opened).rejects.toThrow("A-none/obs_manifest.json");
      }),
    );
  });
});

test("texts and numbers of a document are what they were, whatever is in the texts", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.json(), fc.double({ noNaN: true, noDefaultInfinity: true }))),
      (list) => {
        const nodes = Node.parse("file", encode(list)).entries();
        const read = nodes.map((node, index) => (typeof list[index] === "string" ? node.text() : node.number()));
        expect(read).toEqual(list.map((value) => (Object.is(value, -0) ? 0 : value)));
      },
    ),
  );
});

test("categories that are long whole numbers keep every digit, as in Python", () => {
  const numbers = ["76561198000000001", "76561198000000002", "-123456789012345678901234", "999999999999999"];
  const document = Node.parse("file", encode(`{"labels": [${numbers.join(", ")}], "text": "76561198000000001"}`));
  expect(
    document
      .at("labels")
      .entries()
      .map((node) => node.label()),
  ).toEqual(numbers);
  expect(document.at("text").text()).toBe("76561198000000001");
  expect(document.at("labels").at(0).number()).toBe(Number(numbers[0]));
  expect(() => document.at("labels").at(0).integer(0, 100)).toThrow("expected a whole number from 0 to 100");
});

test("a folder that is another than when it was opened is not read", async () => {
  const place = folder("A-none");
  const source = await FilesSource.open(place);
  place.changed["dataset_identity.json"] = encode({
    ...documentOf("A-none", "dataset_identity.json"),
    created_at: "now",
  });
  await expect(source.read("obs/n_counts.values.f32")).rejects.toThrow("A-none has changed");
});

test.each([
  ["of another time", { created_at: "later" }],
  ["of the same second by another writer", { cellucid_data_version: "0.0.9" }],
])("what prepare added to another export %s is left aside", async (_what, other) => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const identity = { ...documentOf("own-none", "dataset_identity.json"), ...other };
  const additions = { ...documentOf("own-none", "additions.json"), written_by: "0.1.0" };
  const changed = { "dataset_identity.json": identity, "additions.json": additions };
  const source = await FilesSource.open(folder("own-none", changed));
  expect(source.manifest.cell_names).toBe(null);
  expect(warned).toHaveBeenCalledOnce();
});

// -- gzip

const CONTENT = Uint8Array.from({ length: 5000 }, (_, index) => index % 7);

describe("what is packed and what is not, the bytes say", () => {
  const packed = Uint8Array.from(gzipSync(CONTENT));

  test.each([
    ["x.gz", packed],
    ["x.gz", CONTENT], // the host said Content-Encoding: gzip
    ["x", CONTENT],
    ["x", packed],
  ])("%s", async (file, stored) => {
    expect(await unpack(file, stored, CONTENT.length)).toEqual(CONTENT);
  });

  test("what only happens to begin like gzip", async () => {
    const codes = Uint8Array.from([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3, 1, 2]);
    expect(await unpack("x.gz", codes, 12)).toBe(codes);
    expect(await unpack("x", codes, 12)).toBe(codes);
  });

  test("packed bytes of the very length of what they hold", async () => {
    const content = new Uint8Array(23);
    const stored = Uint8Array.from(gzipSync(content));
    expect(stored.length).toBe(23);
    expect(await unpack("x.gz", stored, 23)).toEqual(content);
  });

  test.each([
    ["cut", packed.slice(0, -9), 5000, "is not a gzip file of the 5000 bytes"],
    ["too little", packed, 5001, "it holds 5000"],
    ["too much", packed, 4999, "it holds more"],
    ["a promise that cannot be kept", packed, 2 ** 40, "cannot hold as many"],
    ["plain and short", CONTENT, 5001, "it is no gzip file, and has 5000 bytes instead of the 5001"],
  ])("%s", async (_, stored, nbytes, message) => {
    await expect(unpack("folder/x.gz", stored, nbytes)).rejects.toThrow(message);
  });
});

// -- folders of several

test("exports side by side are found, the first of them to begin with", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const found = await findExports(new TestPlace(EXPORTS));
  expect(found.map(({ at }) => at)).toEqual(readdirSync(EXPORTS));
  expect(found.map(({ key }) => key)).toEqual(readdirSync(EXPORTS)); // they have one id, and are known by their folders
  expect(choose(found, null)?.at).toBe("A-none");
  expect(choose(found, "C-none")?.at).toBe("C-none");
  expect(choose(found, "nothing")).toBe(null);
});

test("a list says what there is and what to begin with; what is wrong in it is left out", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const list = {
    version: 1,
    default: "b",
    datasets: [
      { id: "a", path: "A-none/", name: "First", n_cells: 12 },
      { id: "a", path: "A-none/", name: "First", n_cells: 12 },
      { id: "b", path: "B-none" },
      { id: "c", path: "../B-none", name: "Outside" },
      { id: "d", path: "half-\ud83d", name: "Half a sign" },
      { id: "e", path: "", name: "Nowhere" },
    ],
  };
  const found = await findExports(new TestPlace(EXPORTS, { "datasets.json": encode(list) }));
  expect(found.map(({ key, name, n_cells }) => ({ key, name, n_cells }))).toEqual([
    { key: "a", name: "First", n_cells: 12 },
    { key: "b", name: "b", n_cells: null },
  ]);
  expect(warned).toHaveBeenCalledWith(expect.stringContaining("../B-none"));
  const chosen = choose(found, null);
  expect(chosen?.key).toBe("b");
  expect((await FilesSource.open(chosen?.place as Place)).manifest.n_cells).toBe(12);
});

test.each([".", "./"])("a list may name its own folder as %j", async (path) => {
  const list = { version: 1, datasets: [{ id: "own", path }] };
  const [only] = await findExports(new TestPlace(join(EXPORTS, "C-none"), { "datasets.json": encode(list) }));
  expect((await FilesSource.open(only.place)).manifest.n_cells).toBe(12);
});

test("an export itself is one, whatever lies in it", async () => {
  const [only, ...others] = await findExports(folder("C-none"));
  expect([only.key, only.name, only.n_cells, others]).toEqual(["tiny_demo", "Tiny demo", 12, []]);
});

test("a folder without exports has none", async () => {
  expect(await findExports(new TestPlace(join(EXPORTS, "C-none/obs")))).toEqual([]);
});

test("the palettes are scanpy's", () => {
  const python = readFileSync(join(VECTORS, "../../python/cellucid/dataset/palettes.py"), "utf8");
  const palettes = [...python.matchAll(/^[A-Z_]+\d+ = \(([^)]*)\)/gm)].map(([, list]) => list.match(/#[0-9a-f]{6}/g));
  expect(palettes.map((palette) => palette?.length)).toEqual([10, 20, 28, 102]);
  for (const palette of palettes) expect(defaultPalette(palette?.length ?? 0)).toEqual(palette);
  expect(defaultPalette(11)).toEqual(palettes[1]?.slice(0, 11));
  expect(defaultPalette(103)).toEqual(Array(103).fill("#808080"));
});

test("files are named as Cellucid 0.0.9 names them", () => {
  expect(["CD3/D", "β-gene", "._x_.", "...", "", "a  b"].map(safeName)).toEqual([
    "CD3_D",
    "-gene",
    "x",
    "field",
    "field",
    "a_b",
  ]);
});
