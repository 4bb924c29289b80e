import { Shown } from "./host/shown";
import { TabModel } from "./host/tab";
import { tabAddress, tabPage, ViewerGone } from "./host/tabserver";

const AGAIN = 2_000; // ms until Python is asked once more

/** Tell the person why there is no plot. */
function tell(title: string, text: string): void {
  const place = document.createElement("main");
  const [heading, words] = [document.createElement("h1"), document.createElement("p")];
  heading.textContent = title;
  words.textContent = text;
  place.append(heading, words);
  document.body.replaceChildren(place);
}

/** The viewer of a widget as a page of its own, in a browser tab. */
async function start(): Promise<void> {
  const address = tabAddress();
  if (address === null) return tell("This address needs its token", "Open the whole address that Python gives.");
  for (;;) {
    try {
      const model = await TabModel.open(address);
      document.body.replaceChildren();
      new Shown(model, tabPage(address)).add(document.body);
      return;
    } catch (error) {
      if (error instanceof ViewerGone) {
        return tell(
          "This viewer is not shown any more",
          "Show the data again, and open the address that Python gives.",
        );
      }
      console.warn("cellucid: Python has not answered yet", error);
      tell("Waiting for Python", "It has not answered yet. It may be busy, or the connection to it may be broken.");
      await new Promise((done) => setTimeout(done, AGAIN));
    }
  }
}

void start();
