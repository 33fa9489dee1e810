/*
 * The access token: asked for once, kept in memory, replaced before it ends and when it is refused. A token's own
 * clock is not ours: only the span between its iat and exp is used, counted from when it came.
 */
export type TokenSource = () => Promise<string> | string;

/** Said by a TokenSource that has none to give: somebody has to sign in. */
export class SignedOut extends Error {
	constructor(reason = "Nobody is signed in here.") {
		super(reason);
		this.name = "SignedOut";
	}
}

/** Without iat or exp nothing is known: then a token is asked for this often. */
const UNKNOWN_LIFE_MS = 10 * 60_000;
const MIN_LIFE_MS = 5_000;
/** Renewed at this share of its life (docs/protocol.md, "Notices"). */
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

	/** One that is good for a while. Throws what the source throws. */
	get(): Promise<string> {
		return this.token !== null && Date.now() - this.cameAt < this.lifeMs * 0.95 ?
			Promise.resolve(this.token) : this.fetch();
	}

	/** Another one than that which was refused; the same when the source has no other. */
	replace(refused: string): Promise<string> {
		return this.token !== null && this.token !== refused ? Promise.resolve(this.token) : this.fetch();
	}

	/** Asks the source anew. */
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

	/** In how many ms the token is to be renewed. */
	get renewIn(): number {
		return Math.max(MIN_LIFE_MS, this.cameAt + this.lifeMs * RENEW_AT - Date.now());
	}

	/** When the token ends by this machine's clock, ms; null before there is one. */
	get endsAt(): number | null {
		return this.token === null ? null : this.cameAt + this.lifeMs;
	}

	private async ask(): Promise<string> {
		const token = await this.source();
		const { iat, exp } = claimsOf(token);

		if (token !== this.token) {
			/* Without iat the source's word is taken that the token is new. */
			const life = exp === undefined ? UNKNOWN_LIFE_MS : iat === undefined ? exp * 1000 - Date.now() : (exp - iat) * 1000;

			this.token = token;
			this.cameAt = Date.now();
			this.lifeMs = Math.max(MIN_LIFE_MS, life);
		}
		return token;
	}
}
