/*
 * Signing in: the access token is kept in memory only, and renewed with a cookie that no script can read
 * (docs/protocol.md, "Signing in").
 */
import { SignedOut } from "@convwire/client";
import type { Identity, May } from "@convwire/client";

export interface Me {
	account: string;
	subject: string;
	name: string;
	role: string;
	may: May;
}

interface SessionAnswer {
	token: string;
	account: string;
	agent: { subject: string; name: string; role: string };
}

/** Why signing in failed: the problem's short name, and the seconds to wait before a retry. */
export class SignInError extends Error {
	constructor(readonly type: string, readonly retryAfter: number | null) {
		super(type);
		this.name = "SignInError";
	}
}

const PATH = "/api/v1/session";
const CHANNEL = "convwire-session";
const TIMEOUT_MS = 15_000;
/** Somebody has signed in here: there may be a cookie, which no script can see. */
const HINT = "convwire.signed_in";

async function ask(method: string, path: string, body?: object, token?: string): Promise<Response> {
	try {
		return await fetch(path, {
			method, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS),
			...(body && { body: JSON.stringify(body) }),
			headers: { ...(body && { "Content-Type": "application/json" }), ...(token && { Authorization: `Bearer ${token}` }) },
		});
	} catch {
		throw new SignInError("network", null);
	}
}

export class Session {
	me: Me | null = null;
	private fresh: string | null = null;
	/** How often somebody signed out, here or in another tab. */
	private ends = 0;
	private owner: Me | null = null;
	private readonly channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL);

	/** onEnded: another tab signed out. */
	constructor(onEnded: () => void) {
		this.channel?.addEventListener("message", () => {
			this.me = null;
			this.ends++;
			onEnded();
		});
	}

	/** Resumes with the browser's cookie. false: not signed in. Throws SignInError if the server is unreachable. */
	async resume(): Promise<boolean> {
		if (localStorage.getItem(HINT) === null) {
			return false; /* nothing to resume: asking would only be refused */
		}
		const answer = await ask("POST", `${PATH}/refresh`);

		if (answer.ok) {
			return this.take((await answer.json()) as SessionAnswer);
		}
		if (answer.status >= 500 || answer.status === 429) {
			throw new SignInError("busy", Number(answer.headers.get("Retry-After")) || null);
		}
		localStorage.removeItem(HINT);
		return false;
	}

	/** Throws SignInError. */
	async signIn(login: string, password: string, account: string): Promise<void> {
		const answer = await ask("POST", PATH, { login, password, ...(account && { account }) });

		if (!answer.ok) {
			const problem = (await answer.json().catch(() => ({}))) as { title?: string };

			throw new SignInError(problem.title ?? "http", Number(answer.headers.get("Retry-After")) || null);
		}
		if (!(await this.take((await answer.json()) as SessionAnswer))) {
			throw new SignInError("token_refused", null);
		}
	}

	/** Signs out here and in other tabs. Throws SignInError if the server is unreachable: then nobody is signed out. */
	async signOut(): Promise<void> {
		const answer = await ask("DELETE", PATH);

		if (!answer.ok) {
			throw new SignInError("busy", null);
		}
		localStorage.removeItem(HINT);
		this.me = null;
		this.fresh = null;
		this.ends++;
		this.channel?.postMessage("signed out");
	}

	/** Binds this page to one person: another person's session, begun in another tab, gives it no token. */
	keepTo(me: Me): void {
		this.owner = me;
	}

	/** For the client library: a token that is valid for a while. Throws SignedOut, or if the server is unreachable. */
	readonly token = async (): Promise<string> => {
		const isSignedIn = this.fresh !== null || (await this.resume());
		const token = this.fresh;

		this.fresh = null;
		if (!isSignedIn || token === null || (this.owner !== null && !this.isOwners())) {
			throw new SignedOut();
		}
		return token;
	};

	private isOwners(): boolean {
		return this.me?.account === this.owner?.account && this.me?.subject === this.owner?.subject;
	}

	/** With each new token: roles.acl may have changed. false: the token is refused, or somebody signed out meanwhile. */
	private async take({ token, account, agent }: SessionAnswer): Promise<boolean> {
		const ends = this.ends;
		const answer = await ask("GET", PATH, undefined, token);

		if (answer.status === 401 || answer.status === 403) {
			return false;
		}
		if (!answer.ok) {
			throw new SignInError("busy", Number(answer.headers.get("Retry-After")) || null);
		}
		const { may } = (await answer.json()) as Identity;

		if (this.ends !== ends) {
			return false;
		}
		localStorage.setItem(HINT, "yes");
		this.fresh = token;
		this.me = { account, ...agent, may };
		return true;
	}
}
