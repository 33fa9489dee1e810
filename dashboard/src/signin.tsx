import { useRef, useState } from "preact/hooks";

import { SignInError } from "./session.js";
import type { Session } from "./session.js";
import { strings } from "./strings.js";

const text = strings.door;

function sentenceOf(error: SignInError): string {
	switch (error.type) {
	case "wrong_password":
		return text.wrongPassword;
	case "account_needed":
		return text.accountNeeded;
	case "too_many_attempts":
	case "too_busy":
		return text.tooMany(error.retryAfter);
	case "network":
		return text.unreachableHint;
	default:
		return text.failed(error.type);
	}
}

/** The sign-in form, on its own page, or over a page whose session has ended. */
export function SignIn({ session, login = "", onDone }: { session: Session; login?: string; onDone: () => void }) {
	const [problem, setProblem] = useState<string | null>(null);
	const [isBusy, setBusy] = useState(false);
	const [needsAccount, setNeedsAccount] = useState(false);
	const form = useRef<HTMLFormElement>(null);

	const submit = async (event: Event): Promise<void> => {
		const data = new FormData(event.currentTarget as HTMLFormElement);
		const value = (name: string): string => String(data.get(name) ?? "").trim();

		event.preventDefault();
		setBusy(true);
		setProblem(null);
		try {
			await session.signIn(value("login"), String(data.get("password") ?? ""), value("account"));
			onDone();
		} catch (error) {
			const { type } = error as SignInError;

			setNeedsAccount(needsAccount || type === "account_needed");
			setProblem(error instanceof SignInError ? sentenceOf(error) : String(error));
			form.current?.querySelector<HTMLInputElement>(type === "account_needed" ? "[name=account]" : "[name=password]")?.select();
		}
		setBusy(false);
	};

	return (
		<form class="card sign-in" ref={form} onSubmit={(event) => void submit(event)}>
			<div class="brand"><img src="/static/icon.svg" alt="" width="40" height="40" /><h1>{text.title}</h1></div>
			<label>
				<span>{text.login}</span>
				<input name="login" autocomplete="username" autocapitalize="none" spellcheck={false} required defaultValue={login} autofocus={login === ""} />
			</label>
			<label>
				<span>{text.password}</span>
				<input name="password" type="password" autocomplete="current-password" required autofocus={login !== ""} />
			</label>
			<label hidden={!needsAccount}>
				<span>{text.account}</span>
				<input name="account" autocapitalize="none" spellcheck={false} />
			</label>
			{problem !== null && <p class="problem" role="alert">{problem}</p>}
			<button class="button primary" type="submit" disabled={isBusy}>{isBusy ? text.signingIn : text.signIn}</button>
		</form>
	);
}
