/*
 * Signing in: the access token lives in memory only; the browser keeps a cookie that no script can read, by which it is
 * renewed (docs/protocol.md, "Signing in").
 */
import { SignedOut } from "@convwire/client";

export interface Me {
	account: string;
	subject: string;
	name: string;
	role: string;
}

interface SessionAnswer {
	token: string;
	account: string;
	agent: { subject: string; name: string; role: string };
}

/** Why signing in failed: the problem's short name, and after how many seconds to try again. */
export class SignInError extends Error {
	constructor(readonly type: string, readonly retryAfter: number | null) {
		super(type);
		this.name = "SignInError";
	}
}

const PATH = "/api/v1/session";
const CHANNEL = "convwire-session";

async function ask(method: string, path: string, body?: object): Promise<Response> {
	try {
		return await fetch(path, {
			method, cache: "no-store",
			...(body && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
		});
	} catch {
		throw new SignInError("network", null);
	}
}

export class Session {
	me: Me | null = null;
	private fresh: string | null = null;
	private readonly channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL);

	/** onEnded: another tab signed out. */
	constructor(onEnded: () => void) {
		this.channel?.addEventListener("message", () => {
			this.me = null;
			onEnded();
		});
	}

	/** Goes on with the browser's cookie. false: nobody is signed in. Throws SignInError when the server is not reached. */
	async resume(): Promise<boolean> {
		const answer = await ask("POST", `${PATH}/refresh`);

		if (answer.ok) {
			this.take((await answer.json()) as SessionAnswer);
			return true;
		}
		if (answer.status >= 500 || answer.status === 429) {
			throw new SignInError("busy", Number(answer.headers.get("Retry-After")) || null);
		}
		return false;
	}

	/** Throws SignInError. */
	async signIn(login: string, password: string, account: string): Promise<void> {
		const answer = await ask("POST", PATH, { login, password, ...(account && { account }) });

		if (!answer.ok) {
			const problem = (await answer.json().catch(() => ({}))) as { title?: string };

			throw new SignInError(problem.title ?? "http", Number(answer.headers.get("Retry-After")) || null);
		}
		this.take((await answer.json()) as SessionAnswer);
	}

	/** Here, and in the other tabs. */
	async signOut(): Promise<void> {
		this.me = null;
		this.channel?.postMessage("signed out");
		await ask("DELETE", PATH).catch(() => undefined);
	}

	/** For the client library: a token that is good for a while. Throws SignedOut, or when the server is not reached. */
	readonly token = async (): Promise<string> => {
		if (this.fresh === null) {
			const before = this.me;

			if (!(await this.resume()) || (before !== null && before.subject !== this.me?.subject)) {
				throw new SignedOut();
			}
		}
		const token = this.fresh;

		this.fresh = null;
		if (token === null) {
			throw new SignedOut();
		}
		return token;
	};

	private take({ token, account, agent }: SessionAnswer): void {
		this.fresh = token;
		this.me = { account, ...agent };
	}
}
