import { type Manifest, readJson, texts } from "./manifest";
import type { Source } from "./source";

const BLOCKS_KEPT = 32;

/** Names of cells, read a block at a time; the blocks used last are kept. */
export class CellNames {
  private readonly blocks = new Map<number, Promise<readonly string[]>>();

  constructor(private readonly source: Source) {}

  /** The name of a cell; null where the dataset keeps none. */
  async read({ cell_names: listing }: Manifest, cell: number): Promise<string | null> {
    if (listing === null) return null;
    const number = Math.floor(cell / listing.block);
    const path = listing.path.replace("{block}", String(number));
    const block = this.blocks.get(number) ?? this.load(path);
    this.blocks.delete(number); // and put in as the last used
    this.blocks.set(number, block);
    const [oldest] = this.blocks.keys();
    if (this.blocks.size > BLOCKS_KEPT) this.blocks.delete(oldest);
    try {
      return (await block)[cell % listing.block] ?? null;
    } catch (error) {
      this.blocks.delete(number); // another try may do
      throw error;
    }
  }

  private async load(path: string): Promise<readonly string[]> {
    const { names } = await readJson(this.source, path);
    return texts(names, `names in ${path}`);
  }
}
