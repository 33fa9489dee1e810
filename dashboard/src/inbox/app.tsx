import { strings } from "../strings.js";
import { DebugPanel } from "./debug.js";
import { Details } from "./details.js";
import { Dialogs } from "./dialogs.js";
import { List } from "./list.js";
import { Viewer } from "./media.js";
import { MessageMenu } from "./message_menu.js";
import type { Inbox } from "./model.js";
import { IconButton } from "./parts.js";
import { Templates } from "./templates.js";
import { Thread } from "./thread.js";

function Problem({ inbox }: { inbox: Inbox }) {
	return inbox.problem.value === null ? null : (
		<div class="toast" role="alert">{inbox.problem.value}<IconButton icon="close" label={strings.problem.dismiss} onClick={() => { inbox.problem.value = null; }} /></div>
	);
}

/** Told, not asked: it goes when the person opens the conversation or closes it. */
function News({ inbox }: { inbox: Inbox }) {
	const news = inbox.news.value;

	return (
		<div role="status">
			{news !== null && (
				<div class="toast">
					<bdi>{news.text}</bdi>
					{inbox.client.state.conversations.has(news.conversation) && inbox.selected.value !== news.conversation &&
						<button type="button" class="link" onClick={() => { inbox.news.value = null; inbox.open(news.conversation); }}>{strings.handover.open}</button>}
					<IconButton icon="close" label={strings.problem.dismiss} onClick={() => { inbox.news.value = null; }} />
				</div>
			)}
		</div>
	);
}

/** Three panes; on a phone one at a time. */
export function App({ inbox }: { inbox: Inbox }) {
	return (
		<>
			<div class={`panes${inbox.selected.value === null ? "" : " has-thread"}`}>
				<List inbox={inbox} />
				<Thread inbox={inbox} />
				<Details inbox={inbox} />
			</div>
			{inbox.dialog.value === "debug" && <DebugPanel inbox={inbox} />}
			{inbox.dialog.value === "templates" && !inbox.needsSignIn.value && <Templates inbox={inbox} />}
			<MessageMenu inbox={inbox} />
			<Viewer inbox={inbox} />
			<Dialogs inbox={inbox} />
			{inbox.problem.value === null && <News inbox={inbox} />}
			<Problem inbox={inbox} />
		</>
	);
}
