import { describe, expect, it } from "vitest";
import { HostEncoding, toBase64 } from "../../src/channel/encoding";

const LARGE = 2 << 20;

describe("how a host carries bytes best", () => {
  it("is by buffers until one has been seen to be slow", () => {
    const encoding = new HostEncoding();
    expect(encoding.choose(LARGE)).toBe("buffers");
    encoding.saw("buffers", LARGE, 40); // 52 MB/s
    expect(encoding.choose(LARGE)).toBe("buffers");
  });

  it("is tried by text where buffers are slow, and stays with the faster", () => {
    const encoding = new HostEncoding();
    encoding.saw("buffers", LARGE, 1600); // 1.3 MB/s, as in VS Code
    expect(encoding.choose(LARGE)).toBe("text");
    encoding.saw("text", LARGE, 180);
    expect(encoding.choose(LARGE)).toBe("text");
    const other = new HostEncoding();
    other.saw("buffers", LARGE, 200);
    other.saw("text", LARGE, 400);
    expect(other.choose(LARGE)).toBe("buffers");
  });

  it("is looked at again now and then, as a cell may have been running", () => {
    const encoding = new HostEncoding();
    encoding.saw("buffers", LARGE, 60_000);
    encoding.saw("text", LARGE, 300);
    const chosen = Array.from({ length: 8 }, () => encoding.choose(LARGE));
    expect(chosen).toEqual([...Array(7).fill("text"), "buffers"]);
    encoding.saw("buffers", LARGE, 30);
    expect(encoding.choose(LARGE)).toBe("buffers");
  });

  it("is not judged by small messages, nor do they change", () => {
    const encoding = new HostEncoding();
    encoding.saw("buffers", 300_000, 49); // a round trip
    expect(encoding.choose(LARGE)).toBe("buffers");
    encoding.saw("buffers", LARGE, 1600);
    expect(encoding.choose(1000)).toBe("buffers");
  });
});

describe("base64", () => {
  it.each([[""], ["f"], ["fo"], ["foo"], ["foob"], ["fooba"], ["foobar"]])("of %j is RFC 4648's", (text) => {
    const bytes = new TextEncoder().encode(text);
    expect(toBase64(bytes)).toBe(Buffer.from(text).toString("base64"));
    Object.defineProperty(bytes, "toBase64", { value: undefined });
    expect(toBase64(bytes)).toBe(Buffer.from(text).toString("base64"));
  });

  it("takes more bytes than a call takes arguments", () => {
    const bytes = new Uint8Array(300_000).map((_, index) => index);
    Object.defineProperty(bytes, "toBase64", { value: undefined });
    expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
  });
});
