import { expect, it, onTestFinished } from "vitest";
import { CommCarrier } from "../../src/channel/comm";
import { Requests } from "../../src/channel/requests";
import { LadderSource } from "../../src/data/ladder";
import { Loading } from "../../src/host/loading";
import { Store } from "../../src/state/store";
import { FakeModel } from "../fakes/model";
import { FakePython } from "../fakes/python";

const CELLS = 3;
const MANIFEST = {
  format: "cellucid-manifest-1",
  id: "a",
  name: "a",
  n_cells: CELLS,
  n_genes: 1,
  embeddings: [{ key: "X", dimensions: 2, path: "embeddings/X.f32", min: [0, 0], max: [1, 1], n_placed: CELLS }],
  fields: [{ key: "n", kind: "continuous", path: "obs/n.values.f32" }],
  layers: ["raw", "X"],
  default_layer: "raw",
  cell_names: null,
};

it("reads what a filter asks for once, whatever else is filtered meanwhile", async () => {
  const model = new FakeModel();
  const python = new FakePython(model);
  python.add("manifest.json", MANIFEST);
  python.add("embeddings/X.f32", new Float32Array(2 * CELLS));
  for (const path of ["obs/n.values.f32", "var/A.values.f32", "layers/X/var/A.values.f32"]) {
    python.add(path, new Float32Array(CELLS));
    python.held.add(path); // they are long on their way
  }
  const requests = new Requests(new CommCarrier(model, "p1"));
  const options = { origin: "https://hub.example.org", hostname: "hub.example.org", baseUrl: null };
  const source = new LadderSource(requests, { connect: async () => null, page: options, onTransport: () => {} });
  const store = new Store(CELLS, { embedding: "X", dimension: 2 });
  const loading = new Loading(store, source, () => {});
  onTestFinished(() => {
    loading.dispose();
    source.dispose();
    requests.dispose();
  });
  loading.start();
  await expect.poll(() => store.points.value?.key).toBe("X");

  const read = () => python.reads.map(({ path }) => path).filter((path) => path.includes(".values."));
  store.filters.value = { "gene:A": { min: 1 } };
  await expect.poll(read).toEqual(["var/A.values.f32"]);
  store.filters.value = { "gene:A": { min: 2 }, n: { min: 0 } };
  await expect.poll(read).toEqual(["var/A.values.f32", "obs/n.values.f32"]);
  store.layer.value = "X"; // that is another column
  await expect.poll(read).toEqual(["var/A.values.f32", "obs/n.values.f32", "layers/X/var/A.values.f32"]);
  python.release();
  await expect.poll(() => [...store.filterColumns.value.keys()].sort()).toEqual(["gene:A", "n"]);
});
