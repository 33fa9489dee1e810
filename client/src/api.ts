/*
 * The HTTP API (docs/protocol.md, "HTTP"): one place that asks, and one kind of error.
 */
import type { Tokens } from "./tokens.js";

/** What an RFC 9457 problem document says; status 0: the server was not reached. */
export class ApiError extends Error {
	constructor(
		readonly status: number,
		/** The short name, e.g. "window_closed"; "network" when the server was not reached. */
		readonly type: string,
		/** A sentence for people. */
		readonly detail: string,
		/** Seconds after which to try again, when the server said so. */
		readonly retryAfter: number | null = null,
	) {
		super(detail);
		this.name = "ApiError";
	}

	/** Trying again may help: the network, a busy server, too many requests. */
	get isTemporary(): boolean {
		return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
	}
}

export interface ApiRequest {
	method?: "GET" | "POST" | "DELETE";
	/** Sent as JSON; a Blob or bytes as they are, with `type`. */
	body?: unknown;
	type?: string;
	signal?: AbortSignal;
	/** After so many ms without an answer the server counts as not reached; uploads need longer. */
	timeoutMs?: number;
}

const TIMEOUT_MS = 15_000;

const URN = "urn:convwire:problem:";

/** A problem's short name, of its `type`. */
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
	/** null: no JSON. */
	body: unknown;
}

export class Api {
	constructor(
		/** Where the daemon answers, without a slash at the end; "" is the page's own origin. */
		readonly url: string,
		private readonly tokens: Tokens,
		private readonly fetchIt: typeof fetch,
	) {}

	/** Asks as whom the token stands for; a token that was refused is replaced once. Throws ApiError. */
	async ask<T>(path: string, request: ApiRequest = {}): Promise<T> {
		const token = await this.tokens.get();
		const answer = await this.fetchWith(token, path, request);

		if (answer.answer.status !== 401) {
			return read<T>(answer);
		}
		const fresh = await this.tokens.replace(token);

		return read<T>(fresh === token ? answer : await this.fetchWith(fresh, path, request));
	}

	/** Asks without a token. Throws ApiError. */
	async askOpenly<T>(path: string): Promise<T> {
		return read<T>(await this.fetchWith(null, path, {}));
	}

	/** The body is read within the time, too: a server that hangs may do so after its headers. */
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

			throw new ApiError(0, "network", `${this.url || "The server"} was not reached: ${why}.`);
		} finally {
			clearTimeout(timer);
			request.signal?.removeEventListener("abort", onAbort);
		}
	}
}

/** What the server said, or throws what it complained of: a problem document, or one in a command's answer. */
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
