import { TabModel, tabAddress, tabPage, ViewerGone } from "./host/page";
import { Shown } from "./host/shown";

/** The viewer of a widget as a page of its own, in a browser tab. */
async function start(): Promise<void> {
  const address = tabAddress();
  if (address === null) return location.reload(); // without its token the server says what is missing
  try {
    const model = await TabModel.open(address);
    document.body.classList.add("cellucid-page");
    new Shown(model, tabPage(address)).add(document.body);
  } catch (error) {
    if (error instanceof ViewerGone) return location.reload();
    throw error;
  }
}

void start();
