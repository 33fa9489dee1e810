/* Choosing, filling in and sending templates, the only kind that WhatsApp accepts after the 24-hour window. */
import { useEffect, useState } from "preact/hooks";
import type { Template } from "@convwire/client";

import { strings } from "../strings.js";
import { oneLine } from "./harmless.js";
import type { Inbox } from "./model.js";
import { Dialog, DialogHead } from "./parts.js";

const text = strings.templates;
const VARIABLE = /\{\{\s*([^}\s]+)\s*\}\}/g;

function bodyOf(template: Template): string {
	return String(template.components.find((part) => part["type"] === "BODY")?.["text"] ?? "");
}

function variablesOf(template: Template): string[] {
	return [...new Set([...bodyOf(template).matchAll(VARIABLE)].map(([, name]) => name as string))];
}

/** Headers with a file and buttons with a variable part cannot be filled in here. */
function canFill(template: Template): boolean {
	return template.components.every((part) => {
		const isHeader = part["type"] === "HEADER";
		const hasVariable = VARIABLE.test(JSON.stringify(part));

		VARIABLE.lastIndex = 0;
		return isHeader ? part["format"] === "TEXT" && !hasVariable : part["type"] !== "BUTTONS" || !hasVariable;
	});
}

/** Cloud API, "Template messages": positional parameters have no name. */
function componentsOf(template: Template, values: Record<string, string>): Record<string, unknown>[] {
	const names = variablesOf(template);
	const parameters = names.map((name) => ({ type: "text", text: values[name] ?? "", ...(/^\d+$/.test(name) ? {} : { parameter_name: name }) }));

	return parameters.length === 0 ? [] : [{ type: "body", parameters }];
}

function Fill({ inbox, template, onBack }: { inbox: Inbox; template: Template; onBack: () => void }) {
	const [values, setValues] = useState<Record<string, string>>({});
	const [id] = useState(inbox.selected.value); /* the conversation it was filled in for, whatever is selected later */
	const names = variablesOf(template);
	const isFull = names.every((name) => values[name]?.trim());
	const send = (event: Event): void => {
		event.preventDefault();
		if (id !== null && isFull) {
			const components = componentsOf(template, values);

			inbox.send(id, { kind: "template", content: { name: template.name, language: { code: template.language }, ...(components.length > 0 && { components }) } });
			inbox.dialog.value = null;
		}
	};

	return (
		<form onSubmit={send} class="template-form">
			{names.map((name, i) => (
				<label key={name}><span>{text.variable(name)}</span>
					<input value={values[name] ?? ""} required autofocus={i === 0} onInput={(event) => setValues({ ...values, [name]: event.currentTarget.value })} /></label>
			))}
			<h3>{text.preview}</h3>
			<p class="template-preview" dir="auto">{bodyOf(template).replace(VARIABLE, (whole, name: string) => values[name] || whole)}</p>
			{!canFill(template) && <p class="problem">{text.unsupported}</p>}
			<footer>
				<button type="button" class="button" onClick={onBack}>{text.back}</button>
				<button type="submit" class="button primary" disabled={!isFull || !canFill(template)}>{text.send}</button>
			</footer>
		</form>
	);
}

export function Templates({ inbox }: { inbox: Inbox }) {
	const [query, setQuery] = useState("");
	const [chosen, setChosen] = useState<Template | null>(null);
	const all = inbox.templates.value;
	const close = (): void => { inbox.dialog.value = null; };
	const wanted = query.trim().toLowerCase();
	const shown = Array.isArray(all) ? all.filter((one) => one.status === "APPROVED" && `${one.name} ${bodyOf(one)}`.toLowerCase().includes(wanted)) : [];

	useEffect(() => { void inbox.loadTemplates(); }, []);
	return (
		<Dialog label={text.title} onClose={close} class="wide">
			<DialogHead title={chosen?.name ?? text.title} onClose={close} closeLabel={strings.help.close} />
			{chosen !== null ? <Fill inbox={inbox} template={chosen} onBack={() => setChosen(null)} /> : (
				<>
					<input type="search" class="dialog-search" placeholder={text.search} aria-label={text.search} value={query} onInput={(event) => setQuery(event.currentTarget.value)} autofocus />
					{all === "failed" && <div class="empty"><p class="empty-title">{text.failed}</p><button class="button" onClick={() => void inbox.loadTemplates()}>{strings.thread.retry}</button></div>}
					{Array.isArray(all) && shown.length === 0 && <div class="empty"><p class="empty-title">{text.none}</p><p>{text.noneHint}</p></div>}
					<ul class="choices">
						{shown.map((one) => (
							<li key={`${one.name} ${one.language} ${one.waba_id}`}><button type="button" onClick={() => setChosen(one)}>
								<span class="strong">{one.name}</span> <span class="pill quiet">{one.language}</span>
								<span class="choice-text" dir="auto">{oneLine(bodyOf(one))}</span>
							</button></li>
						))}
					</ul>
				</>
			)}
		</Dialog>
	);
}
