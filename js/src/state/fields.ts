/** Something to colour by: an obs column or a gene. */
export interface Field {
  readonly key: string;
  readonly kind: "categorical" | "continuous" | "gene";
}

type ObsField = Pick<Field, "key"> & { readonly kind: "categorical" | "continuous" };

const EXPLICIT = /^(obs|gene):/;

/** What a name such as `color_by` means: an obs column wins a clash, `obs:` and `gene:` are explicit. As Python has it. */
export function fieldNamed(name: string, obs: readonly ObsField[]): Field {
  const column = (key: string) => obs.find((field) => field.key === key);
  const found = column(name) ?? (name.startsWith("obs:") ? column(name.slice(4)) : undefined);
  return found ?? { key: name.replace(/^gene:/, ""), kind: "gene" };
}

/** The shortest name that means a field: plain, but `gene:` where an obs column would be taken for the gene. */
export function nameOf({ key, kind }: Field, obs: readonly ObsField[]): string {
  const mistaken = kind === "gene" && (EXPLICIT.test(key) || obs.some((field) => field.key === key));
  return mistaken ? `gene:${key}` : key;
}
