/* Entry point: signs in first; the inbox, and then mqtt.js, are loaded only when somebody is signed in. */
import { render } from "preact";

import { Session, SignInError } from "./session.js";
import { SignIn } from "./signin.js";
import { strings } from "./strings.js";
import "./style/base.css";

const root = document.getElementById("app") as HTMLElement;
const session = new Session(() => location.reload());

async function showInbox(): Promise<void> {
	const { mountInbox } = await import("./inbox/mount.js");

	mountInbox(root, session);
}

function showSignIn(): void {
	render(<main class="door"><SignIn session={session} onDone={() => void showInbox()} /></main>, root);
}

function showTrouble(): void {
	render(
		<main class="door">
			<div class="card" role="alert">
				<h1>{strings.door.unreachable}</h1>
				<p>{strings.door.unreachableHint}</p>
				<button class="button primary" onClick={() => void boot()}>{strings.door.again}</button>
			</div>
		</main>,
		root,
	);
}

async function boot(): Promise<void> {
	try {
		if (await session.resume()) {
			await showInbox();
		} else {
			showSignIn();
		}
	} catch (error) {
		if (!(error instanceof SignInError)) {
			throw error;
		}
		showTrouble();
	}
}

/** Languages that are written from right to left (Unicode's CLDR, characterOrder). */
const RIGHT_TO_LEFT = /^(ar|arc|ckb|dv|fa|he|ks|ps|sd|ug|ur|yi)\b/;

document.documentElement.dir = RIGHT_TO_LEFT.test(navigator.language) ? "rtl" : "ltr";
document.documentElement.dataset["theme"] = localStorage.getItem("convwire.theme") ?? "auto";
void boot();
