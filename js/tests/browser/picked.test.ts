import { expect, onTestFinished, test } from "vitest";
import { HandlePlace } from "../../src/data/export/picked";
import { findExports } from "../../src/data/export/several";

/** A real folder of the browser's, as `showDirectoryPicker` gives one. */
async function folderWith(files: Record<string, string>): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  const name = `folder-${Math.random()}`;
  onTestFinished(() => root.removeEntry(name, { recursive: true }));
  const made = await root.getDirectoryHandle(name, { create: true });
  for (const [path, text] of Object.entries(files)) {
    const parts = path.split("/");
    let folder = made;
    for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create: true });
    const file = await folder.getFileHandle(parts.at(-1) as string, { create: true });
    const writing = await file.createWritable();
    await writing.write(text);
    await writing.close();
  }
  return made;
}

test("a folder that was picked is read file by file, below itself alone", async () => {
  const place = new HandlePlace(await folderWith({ "a/b/c.txt": "here", "top.txt": "top" }));
  const read = async (path: string, from = place) => {
    const bytes = await from.read(path);
    return bytes === null ? null : new TextDecoder().decode(bytes);
  };
  expect(await read("top.txt")).toBe("top");
  expect(await read("a/b/c.txt")).toBe("here");
  expect(await read("b/c.txt", place.folder("a/"))).toBe("here");
  expect(place.folder("a/b").name).toBe("b");
  for (const missing of ["a/b", "a/x/c.txt", "top.txt/x", "x"]) expect(await read(missing)).toBe(null);
  await expect(read("../top.txt", place.folder("a"))).rejects.toThrow("must be relative");
});

test("exports side by side in it are found, and what is being written is not", async () => {
  const identity = (id: string) => JSON.stringify({ id, name: `The ${id}`, stats: { n_cells: 3 } });
  const place = new HandlePlace(
    await folderWith({
      "b/dataset_identity.json": identity("two"),
      "a/dataset_identity.json": identity("one"),
      ".c/dataset_identity.json": identity("three"),
      "others/file": "",
    }),
  );
  const found = await findExports(place);
  expect(found.map(({ key, name, n_cells, at }) => [key, name, n_cells, at])).toEqual([
    ["one", "The one", 3, "a"],
    ["two", "The two", 3, "b"],
  ]);
});
