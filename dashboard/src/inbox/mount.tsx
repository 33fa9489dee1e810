/* The inbox is on the screen before MQTT is loaded: the largest part of the page is what nobody looks at. */
import { render } from "preact";
import type { Client, MqttConnect } from "@convwire/client";

import type { Session } from "../session.js";
import "../style/inbox.css";
import { App } from "./app.js";
import { watchKeys } from "./keys.js";
import { Inbox } from "./model.js";

declare global {
	interface Window {
		/** For people at the console: `client.debug.print()`. */
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
	void import("mqtt").then(({ default: mqtt }) => {
		connect = mqtt.connect;
		inbox.start();
	});
}
