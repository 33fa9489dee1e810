/* The inbox is rendered before mqtt.js, the largest part of the page's code, is loaded. */
import { render } from "preact";
import type { Client, MqttConnect } from "@convwire/client";

import type { Session } from "../session.js";
import "../style/inbox.css";
import { App } from "./app.js";
import { groupPhonesBy } from "./format.js";
import { watchKeys } from "./keys.js";
import { Inbox } from "./model.js";

declare global {
	interface Window {
		/** For use in the console: `client.debug.print()`. */
		client: Client;
	}
}

export function mountInbox(root: HTMLElement, session: Session): void {
	let connect: MqttConnect = () => {
		throw new Error("mqtt.js is not loaded yet");
	};
	const inbox = new Inbox(session, (url, options) => connect(url, options));

	window.client = inbox.client;
	render(<App inbox={inbox} />, root);
	watchKeys(inbox);
	void import("./phones.js").then(({ international }) => {
		groupPhonesBy(international);
		inbox.listTicker.bump();
		inbox.threadTicker.bump();
	});
	void import("mqtt").then(({ default: mqtt }) => {
		connect = mqtt.connect;
		inbox.start();
	});
}
