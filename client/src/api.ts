/*
 * The HTTP API (docs/protocol.md, "HTTP"): one place that sends requests, and one kind of error.
 */
import type { Tokens } from "./tokens.js";

/** An RFC 9457 problem document; status 0: the server could not be reached. */
export class ApiError extends Error {
	constructor(
		readonly status: number,
		/** The short name, e.g. "window_closed"; "network" if the server could not be reached. */
		readonly type: string,
		/** A sentence for people. */
		readonly detail: string,
		/** Seconds to wait before a retry, if the server said so. */
		readonly retryAfter: number | null = null,
	) {
		super(detail);
		this.name = "ApiError";
	}

	/** A retry may help: network failure, busy server, too many requests. */
	get isTemporary(): boolean {
		return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
	}
}

export interface ApiRequest {
	method?: "GET" | "POST" | "DELETE";
	/** Sent as JSON; a Blob or bytes are sent unchanged, with `type`. */
	body?: unknown;
	type?: string;
	signal?: AbortSignal;
	/** Time-out in ms for an answer; uploads need longer. */
	timeoutMs?: number;
}

const TIMEOUT_MS = 15_000;

const URN = "urn:convwire:problem:";

/** A problem's short name, from its `type`. */
export function shortName(type: string | undefined): string {
	return type?.startsWith(URN) ? type.slice(URN.length) : "http";
}

function problemOf(answer: Response, body: unknown): ApiError {
	const { type, detail } = (body ?? {}) as { type?: string; detail?: string };
	const after = Number(answer.headers.get("Retry-After"));

	return new ApiError(
		answer.status,
		shortName(type),
		detail ?? `The server answered ${answer.status} ${answer.statusText}.`,
		after > 0 ? after : null,
	);
}

function isBytes(body: unknown): body is Blob | ArrayBuffer | Uint8Array {
	return body instanceof Blob || body instanceof ArrayBuffer || body instanceof Uint8Array;
}

interface Answer {
	answer: Response;
	/** null: not JSON. */
	body: unknown;
}

export class Api {
	constructor(
		/** The daemon's URL, without a trailing slash; "" is the page's own origin. */
		readonly url: string,
		private readonly tokens: Tokens,
		private readonly fetchIt: typeof fetch,
	) {}

	/** Sends a request with the token; a refused token is replaced once. Throws ApiError. */
	async ask<T>(path: string, request: ApiRequest = {}): Promise<T> {
		const token = await this.tokens.get();
		const answer = await this.fetchWith(token, path, request);

		if (answer.answer.status !== 401) {
			return read<T>(answer);
		}
		const fresh = await this.tokens.replace(token);

		return read<T>(fresh === token ? answer : await this.fetchWith(fresh, path, request));
	}

	/** Sends a request without a token. Throws ApiError. */
	async askOpenly<T>(path: string): Promise<T> {
		return read<T>(await this.fetchWith(null, path, {}));
	}

	/** The time-out covers the body, too: a server may hang after sending its headers. */
	private async fetchWith(token: string | null, path: string, request: ApiRequest): Promise<Answer> {
		const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
		const init: RequestInit = { method: request.method ?? "GET", headers, cache: "no-store" };

		if (request.body !== undefined) {
			headers["Content-Type"] = request.type ?? "application/json";
			init.body = isBytes(request.body) ? (request.body as BodyInit) : JSON.stringify(request.body);
		}
		const abort = new AbortController();
		const timer = setTimeout(() => abort.abort(), request.timeoutMs ?? TIMEOUT_MS);
		const onAbort = (): void => abort.abort();

		request.signal?.addEventListener("abort", onAbort);
		try {
			const answer = await this.fetchIt(this.url + path, { ...init, signal: abort.signal });
			const text = answer.status === 204 ? "" : await answer.text();

			return { answer, body: parsed(text) };
		} catch (error) {
			if (request.signal?.aborted) {
				throw error;
			}
			const why = abort.signal.aborted ? "it did not answer in time" : (error as Error).message;

			throw new ApiError(0, "network", `${this.url || "The server"} could not be reached: ${why}.`);
		} finally {
			clearTimeout(timer);
			request.signal?.removeEventListener("abort", onAbort);
		}
	}
}

/** Returns the answer, or throws its problem document, which may be inside a command's answer. */
function read<T>({ answer, body }: Answer): T {
	if (!answer.ok) {
		throw problemOf(answer, (body as { problem?: unknown } | null)?.problem ?? body);
	}
	return body as T;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}
