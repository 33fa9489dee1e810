/*
 * The access token: fetched once, kept in memory, replaced before it expires and when it is refused. The issuer's clock
 * may differ from ours: only the span between iat and exp is used, counted from when the token came.
 */
export type TokenSource = () => Promise<string> | string;

/** Thrown by a TokenSource that has no token: a person must sign in. */
export class SignedOut extends Error {
	constructor(reason = "Nobody is signed in here.") {
		super(reason);
		this.name = "SignedOut";
	}
}

/** Without iat or exp the lifetime is not known: then a new token is fetched this often. */
const UNKNOWN_LIFE_MS = 10 * 60_000;
const MIN_LIFE_MS = 5_000;
/** Renewed after this share of its lifetime (docs/protocol.md, "Notices"). */
const RENEW_AT = 2 / 3;

function claimsOf(token: string): { iat?: number; exp?: number } {
	try {
		const text = atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"));

		return JSON.parse(text) as { iat?: number; exp?: number };
	} catch {
		return {};
	}
}

export class Tokens {
	private token: string | null = null;
	private cameAt = 0;
	private lifeMs = UNKNOWN_LIFE_MS;
	private asking: Promise<string> | null = null;

	constructor(private readonly source: TokenSource) {}

	/** A token that is valid for a while. Throws what the source throws. */
	get(): Promise<string> {
		return this.token !== null && Date.now() - this.cameAt < this.lifeMs * 0.95 ?
			Promise.resolve(this.token) : this.fetch();
	}

	/** Replaces a refused token; returns the same one if the source has no other. */
	replace(refused: string): Promise<string> {
		return this.token !== null && this.token !== refused ? Promise.resolve(this.token) : this.fetch();
	}

	/** Asks the source for a new token. */
	fetch(): Promise<string> {
		this.asking ??= this.ask().finally(() => {
			this.asking = null;
		});
		return this.asking;
	}

	/** The next get() asks the source. */
	forget(): void {
		this.token = null;
	}

	/** Ms until the token is to be renewed. */
	get renewIn(): number {
		return Math.max(MIN_LIFE_MS, this.cameAt + this.lifeMs * RENEW_AT - Date.now());
	}

	/** When the token expires by this machine's clock, ms; null before there is one. */
	get endsAt(): number | null {
		return this.token === null ? null : this.cameAt + this.lifeMs;
	}

	private async ask(): Promise<string> {
		const token = await this.source();
		const { iat, exp } = claimsOf(token);

		if (token !== this.token) {
			/* Without iat, the token is assumed to be new. */
			const life = exp === undefined ? UNKNOWN_LIFE_MS : iat === undefined ? exp * 1000 - Date.now() : (exp - iat) * 1000;

			this.token = token;
			this.cameAt = Date.now();
			this.lifeMs = Math.max(MIN_LIFE_MS, life);
		}
		return token;
	}
}
