// scanpy's colours for categories that have none, six digits each; where they come from says the twin of this file,
// python/cellucid/dataset/palettes.py.
const PALETTES = [
  "1f77b4ff7f0e2ca02cd627289467bd8c564be377c27f7f7fbcbd2217becf",
  "1f77b4ff7f0e279e68d62728aa40fc8c564be377c2b5bd6117becfaec7e8ffbb7898df8aff9896c5b0d5c49c94f7b6d2dbdb8d9edae5" +
    "ad494a8c6d31",
  "023fa57d87b9bec1d4d6bcc0bb77848e063b4a6fe38595e1b5bbe3e6afb9e07b91d33f6a11c6388dd593c6dec7ead3c6f0b98def9708" +
    "0fcfc09cded6d5eae7f3e1ebf6c4e1f79cd47f7f7fc7c7c71ce6ff336600",
  "ffff001ce6ffff34ffff4a46008941006fa6a30059ffdbe57a49000000a663ffacb79762004d438fb0ff997d875a00078096936a3a4c" +
    "1b44004fc6013b5dff4a3b53ff2f8061615aba09006b790000c2a0ffaa92ff90c9b903aad16100ddefff0000357b4f4ba1c299300018" +
    "0aa6d801334900846f372101ffb500c2ffeda079bfcc0744c0b9b2c2ff99001e0900489c6f00620cbd66eec3ff456d75b77b687a87a1" +
    "788d66885578fad09fff8a9ad157a0bec4594566480086ed886f4c34362db4a8bd00a6aa452c2c636375a3c8c9ff913f938a81575329" +
    "00fecfb05b6f8cd0ff3b970004f757c8a1a11e6e007900d7a775006367a9a058376b002c772600d790ff9b9700549e79fff69f201625" +
    "72418fbc23ff99adc03a24659223295b4534fde8dc404e550089a3cb7e98a4e804324e72",
] as const;
const DIGITS = 6;
const OVERFLOW = "#808080"; // every category, where there are more of them than the largest palette has colours

/** The colours that `sc.pl` gives to a column of so many categories. */
export function defaultPalette(categories: number): string[] {
  const palette = PALETTES.find(({ length }) => categories * DIGITS <= length);
  return Array.from({ length: categories }, (_, index) =>
    palette === undefined ? OVERFLOW : `#${palette.slice(index * DIGITS, (index + 1) * DIGITS)}`,
  );
}
