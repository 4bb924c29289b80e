import type { Store } from "../state/store";
import { Segments, Select } from "./choices";

/** Which embedding is shown, and in how many dimensions where it has three; nothing where there is no choice. */
export function EmbeddingChoice({ store }: { store: Store }) {
  const embeddings = store.dataset.value?.embeddings ?? [];
  const key = store.embedding.value;
  const shown = embeddings.find((embedding) => embedding.key === key);
  const deep = shown?.dimensions === 3;
  if (embeddings.length < 2 && !deep) return null;
  return (
    <span class="embedding">
      {embeddings.length > 1 && (
        <Select
          label="Embedding"
          value={key}
          options={embeddings.map((embedding) => ({ value: embedding.key, text: embedding.key }))}
          onChange={(value) => store.showEmbedding(value)}
        />
      )}
      {deep && (
        <Segments
          label="Dimensions"
          value={String(store.dimension.value)}
          options={[
            { value: "2", text: "2D" },
            { value: "3", text: "3D" },
          ]}
          onChange={(value) => store.showEmbedding(key, Number(value))}
        />
      )}
    </span>
  );
}
