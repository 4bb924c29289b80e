import { X } from "lucide-preact";
import type { Notice, Store } from "../state/store";

/** What went wrong: in place of the plot when nothing can be drawn, else below it until it is read. */
export function Notices({ store }: { store: Store }) {
  const notices = store.notices.value;
  const fatal = notices.find((notice) => notice.fatal);
  if (fatal) return <Card notice={fatal} />;
  return (
    <div class="notices">
      {notices.map((notice) => (
        <div class="notice" role="alert" key={notice.key}>
          <div>
            <p>{notice.title}</p>
            {notice.text && <p>{notice.text}</p>}
            <Retry notice={notice} />
          </div>
          <button
            type="button"
            class="tool"
            aria-label="Dismiss"
            title="Dismiss"
            onClick={() => store.dismiss(notice.key)}
          >
            <X size={14} strokeWidth={1.5} aria-hidden />
          </button>
        </div>
      ))}
    </div>
  );
}

function Card({ notice }: { notice: Notice }) {
  return (
    <div class="card" role="alert">
      <p class="title">{notice.title}</p>
      <p>{notice.text}</p>
      <Retry notice={notice} />
    </div>
  );
}

function Retry({ notice }: { notice: Notice }) {
  if (!notice.retry) return null;
  return (
    <button type="button" class="act" onClick={notice.retry}>
      Try again
    </button>
  );
}
