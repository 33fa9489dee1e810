/* Dialogs: help, commands, a new conversation, signing in again. */
import { useState } from "preact/hooks";

import { SignIn } from "../signin.js";
import { strings } from "../strings.js";
import { nameOf } from "./format.js";
import type { Inbox } from "./model.js";
import { Dialog, DialogHead } from "./parts.js";

const MAX_CHOICES = 8;

function Help({ inbox }: { inbox: Inbox }) {
	const close = (): void => { inbox.dialog.value = null; };

	return (
		<Dialog label={strings.help.title} onClose={close}>
			<DialogHead title={strings.help.title} onClose={close} closeLabel={strings.help.close} />
			<dl class="keys">{strings.help.keys.map(([keys, what]) => <div key={keys}><dt>{keys.split(" ").map((key) => (key === "/" && keys !== "/" ? " / " : <kbd key={key}>{key}</kbd>))}</dt><dd>{what}</dd></div>)}</dl>
		</Dialog>
	);
}

interface Choice {
	key: string;
	label: string;
	act: () => void;
}

function choicesOf(inbox: Inbox, query: string): Choice[] {
	const wanted = query.trim().toLowerCase();
	const id = inbox.selected.value;
	const { menu, list } = strings;
	const commands: Choice[] = [
		...(id === null || !inbox.mayCommand ? [] : [
			{ key: "take", label: list.take, act: () => inbox.assign(id, "me") },
			{ key: "done", label: `${list.finish} / ${list.reopen}`, act: () => inbox.toggleDone(id) },
			{ key: "done-next", label: strings.thread.doneAndNext, act: () => inbox.doneAndNext(id) },
			{ key: "unread", label: strings.thread.markUnread, act: () => inbox.markUnread(id) },
			{ key: "find", label: strings.thread.find, act: () => { inbox.isFinding.value = true; } },
			{ key: "templates", label: strings.templates.title, act: () => { inbox.dialog.value = "templates"; } },
		]),
		...(inbox.mayCommand ? [{ key: "begin", label: menu.newConversation, act: () => { inbox.dialog.value = "begin"; } }] : []),
		{ key: "help", label: menu.shortcuts, act: () => { inbox.dialog.value = "help"; } },
		{ key: "debug", label: menu.debug, act: () => { inbox.dialog.value = "debug"; } },
		{ key: "out", label: menu.signOut, act: () => void inbox.signOut() },
	];
	const people = inbox.client.state.list()
		.filter((row) => wanted !== "" && `${nameOf(row)} ${row.contact.wa_id ?? ""}`.toLowerCase().includes(wanted))
		.slice(0, MAX_CHOICES).map((row) => ({ key: row.id, label: nameOf(row), act: () => inbox.open(row.id) }));

	return [...commands.filter(({ label }) => label.toLowerCase().includes(wanted)), ...people].slice(0, 2 * MAX_CHOICES);
}

function Palette({ inbox }: { inbox: Inbox }) {
	const [query, setQuery] = useState("");
	const [at, setAt] = useState(0);
	const choices = choicesOf(inbox, query);
	const close = (): void => { inbox.dialog.value = null; };
	const choose = (choice: Choice | undefined): void => {
		close();
		choice?.act();
	};
	const onKeyDown = (event: KeyboardEvent): void => {
		if (event.key === "ArrowDown" || event.key === "ArrowUp") {
			event.preventDefault();
			setAt((at + (event.key === "ArrowDown" ? 1 : choices.length - 1)) % Math.max(1, choices.length));
		} else if (event.key === "Enter") {
			event.preventDefault();
			choose(choices[at]);
		}
	};

	return (
		<Dialog label={strings.palette.title} onClose={close}>
			<input type="text" role="combobox" aria-expanded="true" aria-controls="palette-choices" aria-activedescendant={choices[at] && `choice-${at}`} autofocus
				class="dialog-search" placeholder={strings.palette.placeholder} aria-label={strings.palette.placeholder} value={query}
				onInput={(event) => { setQuery(event.currentTarget.value); setAt(0); }} onKeyDown={onKeyDown} />
			<ul id="palette-choices" role="listbox" aria-label={strings.palette.title} class="choices">
				{choices.map((choice, i) => (
					<li key={choice.key} id={`choice-${i}`} role="option" aria-selected={i === at} onClick={() => choose(choice)} onPointerMove={() => setAt(i)}><bdi>{choice.label}</bdi></li>
				))}
			</ul>
			{choices.length === 0 && <p class="empty">{strings.palette.none}</p>}
		</Dialog>
	);
}

function Begin({ inbox }: { inbox: Inbox }) {
	const text = strings.begin;
	const [problem, setProblem] = useState<string | null>(null);
	const close = (): void => { inbox.dialog.value = null; };
	const submit = async (event: Event): Promise<void> => {
		const data = new FormData(event.currentTarget as HTMLFormElement);

		event.preventDefault();
		try {
			await inbox.begin(String(data.get("number")), String(data.get("customer")));
			close();
		} catch (error) {
			setProblem((error as Error).message);
		}
	};

	return (
		<Dialog label={text.title} onClose={close}>
			<DialogHead title={text.title} onClose={close} closeLabel={strings.help.close} />
			<form class="template-form" onSubmit={(event) => void submit(event)}>
				<label><span>{text.number}</span><select name="number">{inbox.numbers.value.map((one) => <option key={one.phone_number_id} value={one.phone_number_id}>{inbox.nameOfNumber(one.phone_number_id)}</option>)}</select></label>
				<label><span>{text.customer}</span><input name="customer" type="tel" required autofocus maxLength={40} /></label>
				<p class="quiet">{text.hint}</p>
				{problem !== null && <p class="problem" role="alert">{problem}</p>}
				<footer><button class="button primary" type="submit">{text.begin}</button></footer>
			</form>
		</Dialog>
	);
}

function SignInAgain({ inbox }: { inbox: Inbox }) {
	return (
		<Dialog label={strings.door.signIn} onClose={() => undefined} class="door-dialog">
			<p class="expired">{strings.door.expired}</p>
			<SignIn session={inbox.session} login={inbox.me.subject} onDone={() => inbox.signedIn()} />
		</Dialog>
	);
}

export function Dialogs({ inbox }: { inbox: Inbox }) {
	if (inbox.needsSignIn.value) {
		return <SignInAgain inbox={inbox} />;
	}
	switch (inbox.dialog.value) {
	case "help":
		return <Help inbox={inbox} />;
	case "palette":
		return <Palette inbox={inbox} />;
	case "begin":
		return <Begin inbox={inbox} />;
	default:
		return null;
	}
}
