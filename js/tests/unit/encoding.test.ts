import { describe, expect, it } from "vitest";
import { HostEncoding, toBase64 } from "../../src/channel/encoding";

const MIB = 1 << 20;

describe("how a host carries bytes best", () => {
  it("is by buffers until one has been seen to be slow", () => {
    const encoding = new HostEncoding();
    expect(encoding.choose(MIB)).toBe("buffers");
    encoding.saw("buffers", MIB, 20); // 52 MB/s
    expect(encoding.choose(MIB)).toBe("buffers");
  });

  it("is tried by text where buffers are slow, and stays with the faster", () => {
    const encoding = new HostEncoding();
    encoding.saw("buffers", MIB, 800); // 1.3 MB/s, as in VS Code
    expect(encoding.choose(MIB)).toBe("text");
    encoding.saw("text", MIB, 90);
    expect(encoding.choose(MIB)).toBe("text");
    const other = new HostEncoding();
    other.saw("buffers", MIB, 200);
    other.saw("text", MIB, 400);
    expect(other.choose(MIB)).toBe("buffers");
  });

  it("is not judged by small messages, nor do they change", () => {
    const encoding = new HostEncoding();
    encoding.saw("buffers", 1000, 500);
    expect(encoding.choose(MIB)).toBe("buffers");
    encoding.saw("buffers", MIB, 800);
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
