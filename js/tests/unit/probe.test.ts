import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Server } from "../../src/channel/messages";
import type { Road } from "../../src/data/http";
import { candidates, findRoad, type PageAddress, pageAddress } from "../../src/data/probe";
import { FakeServer, json } from "../fakes/server";

describe("the roads that a page may try", () => {
  const LOCAL: PageAddress = { origin: "http://localhost:8888", hostname: "localhost", baseUrl: null };
  const server: Server = { port: 4711, token: "t", path: "/d/x/", override: null, learned: null };
  const tried = (page: PageAddress, override: string | null = null) =>
    candidates({ ...server, override }, page).map(({ name, base }) => `${name} ${base}`);

  it.each([
    ["localhost", "http://localhost:8888"],
    ["127.0.0.1", "http://127.0.0.1:8888"],
    ["[::1]", "http://[::1]:8888"],
    ["lab.localhost", "http://lab.localhost:8888"],
  ])("from %s lead straight to the server, then through Jupyter", (hostname, origin) => {
    expect(tried({ hostname, origin, baseUrl: "/" })).toEqual([
      "direct http://127.0.0.1:4711/",
      `proxy ${origin}/proxy/4711/`,
    ]);
  });

  it.each(["hub.example.org", "localhost.example.org", "127.0.0.1.example.org", "10.0.0.7", ""])(
    "from %s never lead to the local network, which the browser would ask the person about",
    (hostname) => {
      expect(tried({ hostname, origin: "https://hub.example.org", baseUrl: null })).toEqual([]);
    },
  );

  it("lead through a Hub's proxy under its base address", () => {
    const page = { hostname: "hub.example.org", origin: "https://hub.example.org", baseUrl: "/user/ada/" };
    expect(tried(page)).toEqual(["proxy https://hub.example.org/user/ada/proxy/4711/"]);
  });

  it.each([
    [
      "Colab",
      "https://abc-496ff2e9c6d22116-0-colab.googleusercontent.com",
      "abc-496ff2e9c6d22116-0-colab.googleusercontent.com",
    ],
    ["a page without an origin", "null", ""],
    ["VS Code in a browser", "https://0f6i7p4l.vscode-cdn.net", "0f6i7p4l.vscode-cdn.net"],
    ["a page that only looks like VS Code's", "https://vscode-webview.example.org", "vscode-webview.example.org"],
  ])("from %s are none", (_host, origin, hostname) => {
    expect(tried({ origin, hostname, baseUrl: null })).toEqual([]);
  });

  it("lead from VS Code on the person's machine straight to it", () => {
    const page = { origin: "vscode-webview://0f6i7p4l", hostname: "0f6i7p4l", baseUrl: null };
    expect(tried(page)).toEqual(["direct http://127.0.0.1:4711/"]);
  });

  it("are the same where JupyterLab itself is reached over https on this machine", () => {
    const page = { hostname: "localhost", origin: "https://localhost:8888", baseUrl: "/" };
    expect(tried(page)).toEqual(["direct http://127.0.0.1:4711/", "proxy https://localhost:8888/proxy/4711/"]);
  });

  it("never lead to another origin through the page's configuration", () => {
    const page = { hostname: "hub.example.org", origin: "https://hub.example.org", baseUrl: "//evil.example.org/" };
    expect(tried(page)).toEqual([]);
  });

  it("lead where a proxy has let pages through before, on a page that does not say where Jupyter is", () => {
    const learned = "/user/ada/proxy/4711/";
    const page = { hostname: "hub.example.org", origin: "https://hub.example.org", baseUrl: null };
    const bases = (at: PageAddress) => candidates({ ...server, learned }, at).map(({ base }) => base);
    expect(bases(page)).toEqual(["https://hub.example.org/user/ada/proxy/4711/"]);
    expect(bases({ ...page, baseUrl: "/user/eve/" })).toEqual(["https://hub.example.org/user/eve/proxy/4711/"]);
    expect(bases({ origin: "null", hostname: "", baseUrl: null })).toEqual([]);
  });

  it("are the prescribed one alone where there is one", () => {
    expect(tried(LOCAL, "https://lab.example.org/cells/")).toEqual(["override https://lab.example.org/cells/"]);
  });

  it("lead to this machine from no other page, whatever it is called", () => {
    const label = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
    fc.assert(
      fc.property(
        fc.array(label, { minLength: 1, maxLength: 4 }),
        fc.constantFrom("org", "local", "dev"),
        (labels, top) => {
          const hostname = [...labels, top].join(".");
          return candidates(server, { hostname, origin: `https://${hostname}`, baseUrl: null }).length === 0;
        },
      ),
    );
  });
});

describe("where this page is", () => {
  afterEach(() => vi.unstubAllGlobals());

  const at = (config: string | null, classic?: string) => {
    vi.stubGlobal("location", new URL("https://hub.example.org/user/ada/lab/tree/cells.ipynb"));
    vi.stubGlobal("document", {
      getElementById: (id: string) =>
        id === "jupyter-config-data" && config !== null ? { textContent: config } : null,
      body: { dataset: classic === undefined ? {} : { baseUrl: classic } },
    });
    return pageAddress();
  };

  it.each([
    ["JupyterLab's configuration", JSON.stringify({ baseUrl: "/user/ada/" }), undefined, "/user/ada/"],
    ["JupyterLab's before the classic notebook's", JSON.stringify({ baseUrl: "/user/ada/" }), "/", "/user/ada/"],
    ["the classic notebook's attribute", null, "/user/ada/", "/user/ada/"],
    ["the attribute where the configuration is another's", "no JSON", "/user/ada/", "/user/ada/"],
    ["nobody", null, undefined, null],
  ])("is told by %s", (_who, config, classic, baseUrl) => {
    expect(at(config, classic)).toMatchObject({
      origin: "https://hub.example.org",
      hostname: "hub.example.org",
      baseUrl,
    });
  });

  it("is Colab's where the page has Colab's way to ports", async () => {
    const asked: number[] = [];
    const kernel = { proxyPort: async (port: number) => `https://colab.example.org/${asked.push(port)}` };
    vi.stubGlobal("google", { colab: { kernel } });
    expect(await at(null).proxyPort?.(4711)).toBe("https://colab.example.org/1");
    expect(asked).toEqual([4711]);
    vi.stubGlobal("google", { maps: {} });
    expect(at(null).proxyPort).toBeUndefined();
  });

  it("leads to the proxy under the base address of a Hub", () => {
    const page = at(JSON.stringify({ baseUrl: "/user/ada/" }));
    const [proxy] = candidates({ port: 4711, token: "t", path: "/d/x/", override: null, learned: null }, page);
    expect(proxy?.base).toBe("https://hub.example.org/user/ada/proxy/4711/");
  });
});

describe("finding a road", () => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    vi.useRealTimers();
    await Promise.all(stops.splice(0).map((stop) => stop()));
  });

  const start = async () => {
    const server = await FakeServer.start();
    stops.push(() => server.stop());
    return server;
  };
  /** A server that answers after a while. */
  const slow = async (after: number) => {
    const server = await start();
    let late = false;
    server.instead = (request, response) => {
      if (late) return false;
      setTimeout(() => {
        late = true;
        server.answer(request, response);
      }, after);
      return true;
    };
    return server;
  };
  const road = (name: Road["name"], { place }: FakeServer): Road => {
    return { name, base: `http://127.0.0.1:${place.port}/`, server: place };
  };
  const found = async (...roads: Road[]) => (await findRoad(roads, new AbortController().signal))?.road.name ?? null;

  it("takes the best of those that are open", async () => {
    const [direct, proxy] = [await start(), await start()];
    expect(await found(road("direct", direct), road("proxy", proxy))).toBe("direct");
  });

  it("gives a better road twice the time of one that is open", async () => {
    const [direct, proxy] = [await slow(500), await slow(400)];
    expect(await found(road("direct", direct), road("proxy", proxy))).toBe("direct");
  });

  it("takes a worse road that is over twice as quick", async () => {
    const [direct, proxy] = [await slow(2000), await start()];
    expect(await found(road("direct", direct), road("proxy", proxy))).toBe("proxy");
  });

  it("waits for no worse road", async () => {
    const [direct, proxy] = [await start(), await slow(2000)];
    const before = performance.now();
    expect(await found(road("direct", direct), road("proxy", proxy))).toBe("direct");
    expect(performance.now() - before).toBeLessThan(1500);
  });

  it("takes the worse one at once where the better is closed", async () => {
    const [direct, proxy] = [await start(), await start()];
    direct.instead = (_request, response) => {
      json(response, 403, { error: "host", message: "", hint: "" });
      return true;
    };
    expect(await found(road("direct", direct), road("proxy", proxy))).toBe("proxy");
  });

  it.each([
    ["knows no challenge", 200, { status: "ok" }],
    ["echoes", 200, "nonce"],
    ["guesses", 200, { status: "ok", answer: "0".repeat(64) }],
    ["fails", 500, { status: "ok" }],
    ["says nothing", 200, null],
  ])("never leads to a server that %s", async (_name, status, said) => {
    const server = await start();
    server.instead = (request, response) => {
      const { searchParams } = new URL(request.url ?? "/", "http://localhost");
      const body = said === "nonce" ? { answer: searchParams.get("challenge") } : said;
      json(response, status, body as object);
      return true;
    };
    expect(await found(road("direct", server))).toBeNull();
    expect(server.asked.map(({ token }) => token)).toEqual([undefined]);
  });

  it("never takes another server's answer for its own challenge", async () => {
    // One that passes the challenge on to the real server, which wants the page's proof, and changes nothing.
    const [real, thief] = [await start(), await start()];
    const nonces: (string | null)[] = [];
    thief.instead = (request, response) => {
      const { searchParams } = new URL(request.url ?? "/", "http://localhost");
      nonces.push(searchParams.get("challenge"));
      json(response, 200, { status: "ok", answer: real.sign("another nonce") });
      return true;
    };
    expect(await found(road("direct", { place: { ...real.place, port: thief.port } } as FakeServer))).toBeNull();
    expect(nonces[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  it("follows no redirection", async () => {
    const [server, elsewhere] = [await start(), await start()];
    server.instead = ({ url }, response) => {
      response.writeHead(302, { Location: `http://127.0.0.1:${elsewhere.port}${url}` }).end();
      return true;
    };
    expect(await found(road("proxy", server))).toBeNull();
    expect(elsewhere.asked).toEqual([]);
  });

  it("gives up a server that does not answer after three seconds", async () => {
    const server = await start();
    server.instead = () => true;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const finding = found(road("direct", server));
    let done = false;
    void finding.then(() => (done = true));
    await vi.advanceTimersByTimeAsync(2900);
    expect(done).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(await finding).toBeNull();
  });

  it("ends when it is aborted", async () => {
    const server = await start();
    server.instead = () => true;
    const abort = new AbortController();
    const finding = findRoad([road("direct", server)], abort.signal);
    await expect.poll(() => server.asked.length).toBe(1);
    abort.abort();
    expect(await finding).toBeNull();
    expect(await findRoad([road("direct", server)], abort.signal)).toBeNull();
  });

  it("asks Colab for the address of its proxy, and waits for no answer that does not come", async () => {
    const server = await start();
    const page = { origin: "https://colab.example.org", hostname: "colab.example.org", baseUrl: null };
    const find = async (proxyPort: PageAddress["proxyPort"]) => {
      const rungs: string[] = [];
      const ways = candidates(server.place, { ...page, proxyPort });
      const found = await findRoad(ways, new AbortController().signal, ({ name, reason }) => {
        rungs.push(`${name}: ${reason}`);
      });
      return [found?.road.name ?? null, found?.road.base ?? null, ...rungs];
    };
    const base = `http://127.0.0.1:${server.port}/`;
    expect(await find(async () => base.slice(0, -1))).toEqual(["colab", base, "colab: null"]);
    expect(await find(async () => "no address")).toMatchObject([null, null, expect.stringMatching(/^colab: .*URL/)]);
    expect(await find(() => Promise.reject(new Error("not today")))).toEqual([null, null, "colab: not today"]);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const finding = find(() => new Promise(() => {}));
    await vi.advanceTimersByTimeAsync(3100);
    expect(await finding).toEqual([null, null, "colab: the host does not say where its proxy is"]);
  });

  it.each([
    [404, "Jupyter has no jupyter-server-proxy there"],
    [302, "a page to log in answers there"],
    [403, "a page to log in answers there"],
    [503, "the server there answers 503"],
  ])("says of a proxy that answers %i: %s", async (status, why) => {
    const server = await start();
    server.instead = (_request, response) => {
      response.writeHead(status, { Location: "/login", "Content-Type": "text/html" }).end("<html>");
      return true;
    };
    const reasons: (string | null)[] = [];
    await findRoad([road("proxy", server)], new AbortController().signal, ({ reason }) => reasons.push(reason));
    expect(reasons).toEqual([why]);
  });

  it("finds none where there is none to try", async () => {
    expect(await found()).toBeNull();
  });
});
