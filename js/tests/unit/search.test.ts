import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closest, editDistance } from "../../src/state/closest";
import { type Field, fieldNamed, nameOf } from "../../src/state/fields";
import { search } from "../../src/state/search";

const obs = (...keys: string[]): Field[] => keys.map((key) => ({ key, kind: "continuous" }));
const found = (query: string, columns: Field[], genes: string[], limit = 60) =>
  search(query, columns, genes, limit).best.map(({ field }) => field.key);

describe("the search for a field", () => {
  it("puts exact names first, then the start of the name, of a word, and the middle of one", () => {
    const genes = ["SCD3", "A-CD3", "CD3E", "CD3"];
    expect(found("cd3", [], genes)).toEqual(["CD3", "CD3E", "A-CD3", "SCD3"]);
  });

  it("finds the start of a word behind an earlier place in the middle of one", () => {
    expect(search("mito", obs("amito_mito"), [], 9).best).toMatchObject([{ at: 6 }]);
  });

  it("puts obs columns before genes that fit as well, and behind those that fit better", () => {
    expect(found("cd", obs("n_cd", "cd_score"), ["CD", "CD4"])).toEqual(["CD", "cd_score", "CD4", "n_cd"]);
  });

  it("puts the name with the query's own case first", () => {
    expect(found("Cd3e", [], ["CD3E", "Cd3e"])).toEqual(["Cd3e", "CD3E"]);
  });

  it("counts what it leaves out", () => {
    const genes = Array.from({ length: 100 }, (_, index) => `MT-${index}`);
    const { best, more } = search("mt", obs("pct_mt"), genes, 60);
    expect(best).toHaveLength(60);
    expect(more).toBe(41);
  });

  it("finds every name that has the query in it, once, and says where", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[abAB_-]{1,5}$/), { maxLength: 30 });
    fc.assert(
      fc.property(names, fc.stringMatching(/^[abAB_]{1,3}$/), (genes, query) => {
        const { best, more } = search(query, [], genes, 1000);
        const expected = genes.filter((name) => name.toLowerCase().includes(query.toLowerCase()));
        expect(best.map(({ field }) => field.key).sort()).toEqual(expected.sort());
        expect(more).toBe(0);
        for (const { field, at } of best) {
          expect(field.key.slice(at, at + query.length).toLowerCase()).toBe(query.toLowerCase());
        }
      }),
    );
  });

  it("shows the beginning of the whole list where it may show less", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[abAB_-]{1,5}$/), { maxLength: 30 });
    fc.assert(
      fc.property(names, fc.nat(9), (genes, limit) => {
        const few = search("a", obs("a_b", "b"), genes, limit);
        const all = search("a", obs("a_b", "b"), genes, 1000);
        expect(few.best).toEqual(all.best.slice(0, limit));
        expect(few.best.length + few.more).toBe(all.best.length);
      }),
    );
  });
});

describe("the other names of genes", () => {
  const genes = ["CD3E", "T3", "AT3-1", "ENSG2", "NKG7"];
  const ids = ["ENSG1", "x", "", "", "ENSG11"];
  const old = ["T3", "T3E", "", "", "MT3X"];
  const names = (query: string) =>
    search(query, [], genes, 60, [ids, old]).best.map(
      ({ field, other }) => field.key + (other ? ` ${other.name}` : ""),
    );

  it("come behind the shown ones that are so or begin so, and before those that have the query inside", () => {
    expect(names("t3")).toEqual(["T3", "CD3E T3", "AT3-1", "NKG7 MT3X"]);
    expect(names("t3e")).toEqual(["T3 T3E"]);
  });

  it("find a gene once, by the name that fits best, and say where", () => {
    expect(names("ensg1")).toEqual(["CD3E ENSG1", "NKG7 ENSG11"]);
    expect(names("ensg")).toEqual(["ENSG2", "CD3E ENSG1", "NKG7 ENSG11"]);
    const [match] = search("g11", [], genes, 60, [ids, old]).best;
    expect(match).toMatchObject({ at: -1, other: { name: "ENSG11", at: 3 } });
  });

  it("are left aside where they are not of these genes", () => {
    expect(search("ensg9", [], genes, 60, [["ENSG9"]]).best).toEqual([]);
  });

  it("are no match where a gene has none", () => {
    expect(search("", [], ["A"], 60, [[""]]).best).toEqual([{ field: { key: "A", kind: "gene" }, at: 0 }]);
    expect(names("zz")).toEqual([]);
  });

  it("find every gene that has the query in any name, once", () => {
    const name = fc.stringMatching(/^[abAB]{0,4}$/);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, name, name), { maxLength: 20 }),
        fc.stringMatching(/^[ab]{1,3}$/),
        (rows, query) => {
          const keys = rows.map(([first], index) => `${first}#${index}`);
          const columns = [rows.map((row) => row[1]), rows.map((row) => row[2])];
          const { best, more } = search(query, [], keys, 1000, columns);
          const fits = (text: string) => text.toLowerCase().includes(query);
          const expected = keys.filter((key, index) => fits(key) || fits(rows[index][1]) || fits(rows[index][2]));
          expect(best.map(({ field }) => field.key).sort()).toEqual(expected.sort());
          expect(more).toBe(0);
          for (const { other } of best) if (other) expect(fits(other.name)).toBe(true);
        },
      ),
    );
  });
});

describe("the closest names", () => {
  it("are those with the fewest changes, in the order of the list where they are as close", () => {
    expect(closest("CD3X", ["MS4A1", "CD3E", "CD3D", "CD4"], 3)).toEqual(["CD3E", "CD3D"]);
    expect(closest("luovain", ["louvain", "leiden"], 3)).toEqual(["louvain"]);
    expect(closest("cd3x", ["CD3E", "CD3D", "CD3G"], 2)).toEqual(["CD3E", "CD3D"]);
  });

  it("are none where nothing is like the query", () => {
    expect(closest("qqqqqq", ["CD3E", "leiden"], 3)).toEqual([]);
  });

  it.each([
    ["", "", 0],
    ["abc", "", 3],
    ["kitten", "sitting", 3],
    ["ab", "ba", 1],
    ["abcd", "acbd", 1],
    ["ca", "abc", 3], // an edited text is not edited again, as optimal string alignment has it
  ])("%j becomes %j in %d changes", (a, b, changes) => {
    expect(editDistance(a, b)).toBe(changes);
    expect(editDistance(b, a)).toBe(changes);
  });

  const text = fc.stringMatching(/^[abc]{0,7}$/);

  it("are measured alike from both sides, and are one change away after one change", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, `${a}x`)).toBe(1);
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });

  it("are the same whether or not far ones are measured to the end", () => {
    fc.assert(
      fc.property(text, text, fc.nat(4), (a, b, most) => {
        const exact = editDistance(a, b);
        const bounded = editDistance(a, b, most);
        expect(exact <= most ? bounded : bounded > most).toBe(exact <= most ? exact : true);
      }),
    );
  });
});

describe("the name of a field", () => {
  const columns = [
    { key: "leiden", kind: "categorical" },
    { key: "CD4", kind: "continuous" },
  ] as const;

  it("is plain, but says that it is a gene where an obs column has the name", () => {
    expect(nameOf({ key: "leiden", kind: "categorical" }, columns)).toBe("leiden");
    expect(nameOf({ key: "CD3E", kind: "gene" }, columns)).toBe("CD3E");
    expect(nameOf({ key: "CD4", kind: "gene" }, columns)).toBe("gene:CD4");
  });

  it("means the column where a column has it, unless it says which it is", () => {
    expect(fieldNamed("CD4", columns)).toEqual({ key: "CD4", kind: "continuous" });
    expect(fieldNamed("gene:CD4", columns)).toEqual({ key: "CD4", kind: "gene" });
    expect(fieldNamed("obs:leiden", columns)).toEqual({ key: "leiden", kind: "categorical" });
    expect(fieldNamed("obs:CD8", columns)).toEqual({ key: "obs:CD8", kind: "gene" });
  });

  it("means the same field again, whatever it is called", () => {
    const key = fc.oneof(fc.constantFrom("leiden", "CD4", "obs:leiden", "gene:CD4", "gene:gene:x"), fc.string());
    fc.assert(
      fc.property(key, (gene) => {
        expect(fieldNamed(nameOf({ key: gene, kind: "gene" }, columns), columns)).toEqual({ key: gene, kind: "gene" });
      }),
    );
  });
});
