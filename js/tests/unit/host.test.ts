import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test, vi } from "vitest";
import { HostPlace } from "../../src/data/export/host";
import { ExportError } from "../../src/data/export/place";

vi.setConfig({ testTimeout: 30_000 }); // the first fetch of a process takes a while

/** A folder on a real host that answers as the test wants. */
async function hostOf(answer: RequestListener): Promise<{ place: HostPlace; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { place: new HostPlace(`http://127.0.0.1:${port}/some%20site/`), asked };
}

test("a file comes as it is, from below the page, with word of how far it is", async () => {
  const content = new Uint8Array(100_000).fill(7);
  const fresh: unknown[] = [];
  const { place, asked } = await hostOf((request, response) => {
    fresh.push(request.headers["cache-control"]);
    response.setHeader("Content-Length", content.length).end(content);
  });
  const told: [number, number | null][] = [];
  expect(place.name).toBe("some site");
  expect(await place.read("obs/a #1?.bin", { onProgress: (...said) => told.push(said) })).toEqual(content);
  expect(await place.folder("x y/").read("z")).toEqual(content);
  expect(asked).toEqual(["/some%20site/obs/a%20%231%3F.bin", "/some%20site/x%20y/z"]);
  expect(fresh).toEqual(["max-age=0", "max-age=0"]);
  expect(told.at(-1)).toEqual([content.length, content.length]);
});

test.each([
  ["https://a.example/", "a.example"],
  ["https://a.example/x/some%20site/", "some site"],
  ["https://a.example/100%/", "100%"],
])("%s is called %s", (base, name) => {
  expect(new HostPlace(base).name).toBe(name);
});

test("of what is encoded on its way the length is not known", async () => {
  const content = new Uint8Array(1000);
  const { place } = await hostOf((_, response) => {
    response.setHeader("Content-Encoding", "gzip").end(gzipSync(content));
  });
  const told: (number | null)[] = [];
  expect(await place.read("x.gz", { onProgress: (_loaded, total) => told.push(total) })).toEqual(content);
  expect(new Set(told)).toEqual(new Set([null]));
});

test.each([403, 404, 410])("a host that answers %i has no such file", async (status) => {
  const { place } = await hostOf((_, response) => response.writeHead(status).end("<Error>AccessDenied</Error>"));
  expect(await place.read("additions.json")).toBe(null);
});

test.each(["<!DOCTYPE html><p>Not found", "\n  <html lang=en>", "<!doctype HTML>"])(
  "a page in place of a file is no file: %j",
  async (page) => {
    const { place } = await hostOf((_, response) => response.end(page));
    expect(await place.read("datasets.json")).toBe(null);
  },
);

test("a host in trouble is an error that names the file", async () => {
  const { place } = await hostOf((request, response) => {
    if (request.url?.endsWith("busy")) response.writeHead(503).end();
    else {
      response.writeHead(200, { "Content-Length": 1000 });
      response.write(new Uint8Array(10), () => request.socket.destroy());
    }
  });
  await expect(place.read("busy")).rejects.toThrow(new ExportError("some site/busy: the host answered 503."));
  await expect(place.read("cut")).rejects.toThrow("some site/cut: the connection to the host broke");
});

test("a host that is gone is an error too, and giving up is none of the host's", async () => {
  const { place } = await hostOf(() => {});
  const giveUp = new AbortController();
  const reading = place.read("x", { signal: giveUp.signal });
  giveUp.abort();
  await expect(reading).rejects.toThrow(giveUp.signal.reason);
  await expect(new HostPlace("http://127.0.0.1:1/").read("x")).rejects.toThrow(
    "127.0.0.1:1/x: the host did not answer",
  );
});

test("nothing outside of the folder is asked for", async () => {
  const { place, asked } = await hostOf((_, response) => response.end());
  for (const path of ["../secret", "/secret", "a/../../secret", "..\\secret", "half-\ud83d"]) {
    await expect(place.read(path)).rejects.toThrow("must be relative");
  }
  expect(asked).toEqual([]);
});
