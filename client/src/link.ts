/*
 * The MQTT connection: one at a time, reconnected until stop(), each with a valid token, which is renewed in place
 * before it expires. Does not interpret messages.
 */
import type { IPublishPacket, MqttClient } from "mqtt";

import { Backoff } from "./backoff.js";
import { SignedOut } from "./tokens.js";
import type { Tokens } from "./tokens.js";

/** Opens an MQTT connection, like mqtt.js's `connect`. Given by the caller, so that a page loads mqtt.js on demand. */
export type MqttConnect = (url: string, options: Record<string, unknown>) => MqttClient;

export interface LinkOptions {
	url: string;
	clientId: string;
	connect: MqttConnect;
	tokens: Tokens;
	/** Published by the broker when this connection is lost. */
	will: { topic: string; payload: string } | null;
	/** In order, each with its QoS; without the first, nothing would arrive. */
	topics: Record<string, { qos: 0 | 1 }>;
	/** Seconds between PINGREQs; the broker waits 1.5 times as long. */
	keepaliveS: number;
	/** For mqtt.js, e.g. a timer that browsers do not throttle in hidden pages. */
	mqttOptions?: Record<string, unknown>;
}

/** Whether a topic's subscription was refused. qos: as given by onUp. */
export function isRefused(qos: number): boolean {
	return qos >= QOS_REFUSED;
}

export interface LinkListener {
	/** Subscribed; granted: QoS by topic; 128 and above: refused. */
	onUp(granted: Map<string, number>): void;
	onDown(): void;
	onMessage(topic: string, payload: string, packet: IPublishPacket): void;
	/** Retried automatically, except after SignedOut: then call retryNow(). */
	onProblem(error: Error): void;
}

const RENEW_TOPIC = "$CONTROL/convwire/v1/renew";
/** SUBACK codes from here on mean that the topic was refused (MQTT 5.0, 3.9.3). */
const QOS_REFUSED = 128;
const MIN_RETRY_MS = 250;
const MAX_RETRY_MS = 30_000;
const CONNECT_MS = 10_000;
const GOODBYE_MS = 2_000;
/** A longer timer would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const NOBODY_LISTENS = 16; /* MQTT 5.0, 3.4.2.1: No matching subscribers */
const REFUSED = new Set([134, 135]); /* MQTT 5.0, 3.2.2.2: Bad User Name or Password, Not authorized */

function errorOf(thrown: unknown): Error {
	return thrown instanceof Error ? thrown : new Error(String(thrown));
}

export class Link {
	private mqtt: MqttClient | null = null;
	private isStopped = true;
	private isUp = false;
	/** The broker refused it: the next connection needs another token. */
	private refusedToken: string | null = null;
	private connectedAtMs: number | null = null;
	private retryTimer: ReturnType<typeof setTimeout> | null = null;
	private renewTimer: ReturnType<typeof setTimeout> | null = null;
	private readonly backoff = new Backoff(MIN_RETRY_MS, MAX_RETRY_MS);

	constructor(private readonly options: LinkOptions, private readonly listener: LinkListener) {}

	/** Connected and subscribed. */
	get up(): boolean {
		return this.isUp;
	}

	/** The URL it connects to. */
	get url(): string {
		return this.options.url;
	}

	/** Connected since, ms; null: not connected. */
	get since(): number | null {
		return this.connectedAtMs;
	}

	start(): void {
		this.isStopped = false;
		void this.open();
	}

	/** Disconnects cleanly: earlier publishes still go out. */
	async stop(): Promise<void> {
		const mqtt = this.mqtt;

		this.isStopped = true;
		this.forget();
		if (mqtt !== null) {
			/* Do not wait for a broker that does not answer. */
			const late = setTimeout(() => mqtt.end(true), GOODBYE_MS);

			await mqtt.endAsync().catch(() => undefined);
			clearTimeout(late);
		}
	}

	/** Drops the connection, dead or alive, and reconnects at once. */
	reconnect(): void {
		if (!this.isStopped) {
			this.backoff.reset();
			this.drop();
			void this.open();
		}
	}

	/** Retries at once, if not connected. */
	retryNow(): void {
		if (!this.isStopped && this.mqtt === null) {
			this.backoff.reset();
			this.clearRetry();
			void this.open();
		}
	}

	/** At QoS 1 resolves at the broker's PUBACK; throws if it was refused, if not connected, or if nobody listens. */
	async publish(topic: string, payload: string, options: { qos: 0 | 1; retain?: boolean; expiryS?: number }): Promise<void> {
		if (this.mqtt === null || !this.isUp) {
			throw new Error("not connected");
		}
		const packet = await this.mqtt.publishAsync(topic, payload, {
			qos: options.qos,
			retain: options.retain ?? false,
			...(options.expiryS !== undefined && { properties: { messageExpiryInterval: options.expiryS } }),
		});

		if (packet?.cmd === "puback" && packet.reasonCode === NOBODY_LISTENS) {
			throw new Error("nobody listens");
		}
	}

	private async open(): Promise<void> {
		this.clearRetry();
		try {
			const token = this.refusedToken === null ? await this.options.tokens.get() : await this.options.tokens.replace(this.refusedToken);

			this.refusedToken = null;
			if (!this.isStopped && this.mqtt === null) {
				this.connect(token);
			}
		} catch (error) {
			this.failed(errorOf(error));
		}
	}

	private connect(token: string): void {
		const mqtt = this.options.connect(this.options.url, {
			protocolVersion: 5,
			clean: true,
			clientId: this.options.clientId,
			username: "convwire", /* mqtt.js sends no password without one; the server ignores it */
			password: token,
			keepalive: this.options.keepaliveS,
			connectTimeout: CONNECT_MS,
			reconnectPeriod: 0, /* each connect needs its own token */
			...(this.options.will && { will: { ...this.options.will, qos: 1, retain: true } }),
			...this.options.mqttOptions,
		});

		this.mqtt = mqtt;
		mqtt.on("connect", () => void this.subscribe(mqtt, token));
		mqtt.on("message", (topic, payload, packet) => {
			if (this.mqtt === mqtt) {
				this.hand(topic, payload.toString(), packet);
			}
		});
		mqtt.on("error", (error) => this.onError(mqtt, token, error));
		mqtt.on("close", () => this.onClose(mqtt));
	}

	/** An exception in mqtt.js's handler would stop its parser for good. */
	private hand(topic: string, payload: string, packet: IPublishPacket): void {
		try {
			this.listener.onMessage(topic, payload, packet);
		} catch (error) {
			this.listener.onProblem(errorOf(error));
		}
	}

	private async subscribe(mqtt: MqttClient, token: string): Promise<void> {
		this.connectedAtMs = Date.now();
		const granted = await this.askFor(mqtt);

		if (granted !== null && this.mqtt === mqtt && mqtt.connected) {
			this.isUp = true;
			this.backoff.reset();
			this.renewLater(mqtt, token);
			this.listener.onUp(granted);
		}
	}

	/**
	 * All topics in one SUBSCRIBE: the broker's cost per packet grows with its clients. A role that may not read all of
	 * them is refused some; mqtt.js reports that as an error, with the SUBACK. null: no SUBACK came.
	 */
	private askFor(mqtt: MqttClient): Promise<Map<string, number> | null> {
		const topics = Object.keys(this.options.topics);

		return new Promise((resolve) => {
			mqtt.subscribe(this.options.topics, (_error, _subscriptions, packet) => {
				const codes = packet?.granted as number[] | undefined;

				resolve(codes === undefined ? null : new Map(topics.map((topic, i) => [topic, codes[i] ?? QOS_REFUSED])));
			});
		});
	}

	private onError(mqtt: MqttClient, token: string, error: Error): void {
		if (this.mqtt !== mqtt) {
			return;
		}
		if (REFUSED.has((error as { code?: number }).code ?? 0)) {
			this.refusedToken = token;
		}
		this.listener.onProblem(error);
	}

	private onClose(mqtt: MqttClient): void {
		if (this.mqtt !== mqtt || this.isStopped) {
			return;
		}
		this.drop();
		this.retryLater();
	}

	private failed(error: Error): void {
		this.listener.onProblem(error);
		if (!(error instanceof SignedOut)) {
			this.retryLater();
		}
	}

	private retryLater(): void {
		if (!this.isStopped) {
			this.clearRetry();
			this.retryTimer = setTimeout(() => void this.open(), this.backoff.next());
		}
	}

	/** Renews in place, over the connection: docs/protocol.md, "Notices". The answer comes as a notice. */
	private renewLater(mqtt: MqttClient, token: string): void {
		this.clearRenewal();
		this.renewTimer = setTimeout(() => {
			void this.renew(mqtt, token);
		}, Math.min(this.options.tokens.renewIn, MAX_TIMER_MS));
	}

	private async renew(mqtt: MqttClient, old: string): Promise<void> {
		try {
			const token = await this.options.tokens.fetch();

			if (this.mqtt === mqtt && token !== old) {
				await mqtt.publishAsync(RENEW_TOPIC, token, { qos: 1 });
			}
			if (this.mqtt === mqtt) {
				this.renewLater(mqtt, token);
			}
		} catch (error) {
			this.listener.onProblem(errorOf(error));
			if (this.mqtt === mqtt) {
				this.renewLater(mqtt, old); /* the source may have a newer one by then */
			}
		}
	}

	private drop(): void {
		const mqtt = this.mqtt;
		const wasKnown = mqtt !== null;

		this.forget();
		mqtt?.end(true);
		if (wasKnown) {
			this.listener.onDown();
		}
	}

	private forget(): void {
		this.mqtt = null;
		this.isUp = false;
		this.connectedAtMs = null;
		this.clearRetry();
		this.clearRenewal();
	}

	private clearRetry(): void {
		if (this.retryTimer !== null) {
			clearTimeout(this.retryTimer);
			this.retryTimer = null;
		}
	}

	private clearRenewal(): void {
		if (this.renewTimer !== null) {
			clearTimeout(this.renewTimer);
			this.renewTimer = null;
		}
	}
}
