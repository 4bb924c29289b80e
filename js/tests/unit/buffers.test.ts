import { createContext, runInContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { bytesOf, fromBase64, isNumbers, toBase64 } from "../../src/channel/buffers";
import { BadMessage } from "../../src/channel/messages";

const BYTES = Uint8Array.of(0, 1, 2, 3, 250, 251, 252, 253);

describe("the bytes of a buffer", () => {
  it.each<[string, unknown]>([
    ["an ArrayBuffer", BYTES.slice(3, 6).buffer],
    ["a DataView with an offset, as of ipywidgets and marimo", new DataView(BYTES.buffer, 3, 3)],
    ["a Uint8Array with an offset", BYTES.subarray(3, 6)],
    ["Node's Buffer", Buffer.from(BYTES.buffer, 3, 3)],
    ["an ArrayBuffer of another frame", runInContext("Uint8Array.of(3, 250, 251).buffer", createContext())],
    ["a view of another frame", runInContext("new DataView(Uint8Array.of(9, 3, 250, 251).buffer, 1)", createContext())],
    ["a view of shared memory", sharedView([3, 250, 251])],
    ["numbers, as VS Code writes an ArrayBuffer", [3, 250, 251]],
    ["a view that VS Code wrote", { buffer: [...BYTES], byteOffset: 3, byteLength: 3 }],
    ["base64", "A/r7"],
  ])("is read from %s", (_name, buffer) => {
    const bytes = bytesOf(buffer);
    expect(bytes).toBeInstanceOf(Uint8Array);
    expect([...bytes]).toEqual([3, 250, 251]);
  });

  it.each<[string, unknown]>([
    ["an ArrayBuffer", new ArrayBuffer(0)],
    ["numbers", []],
    ["base64", ""],
  ])("may be none: %s", (_name, buffer) => {
    expect(bytesOf(buffer).length).toBe(0);
  });

  it.each([[null], [undefined], [7], [{}], [new Map()], ["a b c!"], ["A"]])("is not read from %j", (buffer) => {
    expect(() => bytesOf(buffer)).toThrow(BadMessage);
  });

  it("is not copied where the host has it", () => {
    expect(bytesOf(new DataView(BYTES.buffer, 3, 3)).buffer).toBe(BYTES.buffer);
  });

  it("came as numbers where a host wrote them so", () => {
    const numbers = [[1], [], { buffer: [1], byteOffset: 0, byteLength: 1 }];
    expect(numbers.map(isNumbers)).toEqual([true, true, true]);
    const others = [BYTES, BYTES.buffer, "AQ==", new DataView(BYTES.buffer), null];
    expect(others.map(isNumbers)).toEqual(Array(5).fill(false));
  });
});

describe("base64", () => {
  it.each([[""], ["f"], ["fo"], ["foo"], ["foob"], ["fooba"], ["foobar"]])("of %j is RFC 4648's", (text) => {
    const bytes = new TextEncoder().encode(text);
    expect(toBase64(bytes)).toBe(Buffer.from(text).toString("base64"));
    expect([...fromBase64(toBase64(bytes))]).toEqual([...bytes]);
  });

  it("takes more bytes than a call takes arguments", () => {
    const bytes = new Uint8Array(300_000).map((_, index) => index);
    expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
    expect(Buffer.compare(fromBase64(toBase64(bytes)), bytes)).toBe(0);
  });

  it("is the browser's own where there is one", () => {
    expect(toBase64(Object.defineProperty(Uint8Array.of(1), "toBase64", { value: () => "own" }))).toBe("own");
    Object.defineProperty(Uint8Array, "fromBase64", { value: () => BYTES, configurable: true });
    try {
      expect(fromBase64("AQ==")).toBe(BYTES);
    } finally {
      Reflect.deleteProperty(Uint8Array, "fromBase64");
    }
  });
});

function sharedView(values: number[]): Uint8Array<SharedArrayBuffer> {
  const view = new Uint8Array(new SharedArrayBuffer(values.length));
  view.set(values);
  return view;
}
