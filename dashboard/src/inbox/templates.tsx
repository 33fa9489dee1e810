/* Choosing, filling in and sending templates, the only kind that WhatsApp accepts after the 24-hour window. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Template } from "@convwire/client";

import { strings } from "../strings.js";
import { oneLine } from "./harmless.js";
import type { Inbox } from "./model.js";
import { Dialog, DialogHead } from "./parts.js";

const text = strings.templates;
/** What WhatsApp takes of each kind ("Media", Supported media types). */
const ACCEPTED = { image: "image/jpeg,image/png", video: "video/mp4,video/3gpp", document: "" };
const VARIABLE = /\{\{\s*([^}\s]+)\s*\}\}/g;

type Part = Template["components"][number];

function bodyOf(template: Template): string {
	return String(template.components.find((part) => part["type"] === "BODY")?.["text"] ?? "");
}

function namesIn(text: unknown): string[] {
	return [...new Set([...String(text ?? "").matchAll(VARIABLE)].map(([, name]) => name as string))];
}

/** A value to be given, and where it goes. */
interface Slot {
	key: string;
	label: string;
	component: { type: string; sub_type?: string; index?: string };
	name: string;
}

/** Cloud API, "Template messages": text in the header and the body, and the end of a button's URL. */
function slotsOf(template: Template): Slot[] {
	const buttons = template.components.flatMap((part) => (part["type"] === "BUTTONS" ? (part["buttons"] as Part[]) : []));
	const of = (part: Part | undefined, type: string): Slot[] => namesIn(part?.["text"]).map((name) => ({ key: `${type} ${name}`, label: text.variable(name), component: { type }, name }));
	const header = template.components.find((part) => part["type"] === "HEADER" && part["format"] === "TEXT");

	return [
		...of(header, "header"),
		...of(template.components.find((part) => part["type"] === "BODY"), "body"),
		...buttons.flatMap((button, index) => (button["type"] === "URL" ? namesIn(button["url"]) : []).map((name) => ({
			key: `button ${index}`, label: text.buttonUrl(String(button["text"] ?? ""), String(button["url"])), component: { type: "button", sub_type: "url", index: String(index) }, name,
		}))),
	];
}

/** What a file in the header is sent as; null: there is none. */
function headerKindOf(template: Template): "image" | "video" | "document" | null {
	const format = template.components.find((part) => part["type"] === "HEADER")?.["format"];

	return format === "IMAGE" ? "image" : format === "VIDEO" ? "video" : format === "DOCUMENT" ? "document" : null;
}

/** Places in the header, one-time passwords, coupons, flows and carousels are for programs. */
function canFill(template: Template): boolean {
	return template.components.every((part) => {
		switch (part["type"]) {
		case "HEADER":
			return part["format"] === "TEXT" || headerKindOf(template) !== null;
		case "BODY":
		case "FOOTER":
			return true;
		case "BUTTONS":
			return (part["buttons"] as Part[]).every((button) => ["QUICK_REPLY", "URL", "PHONE_NUMBER"].includes(String(button["type"])));
		default:
			return false;
		}
	});
}

/** Positional parameters have no name; those of one component stand together. */
function componentsOf(slots: Slot[], values: Record<string, string>): Record<string, unknown>[] {
	const components = new Map<string, { [member: string]: unknown; parameters: object[] }>();

	for (const { key, component, name } of slots) {
		const id = JSON.stringify(component);
		const known = components.get(id) ?? { ...component, parameters: [] };

		known.parameters.push({ type: "text", text: values[key] ?? "", ...(component.type !== "button" && !/^\d+$/.test(name) && { parameter_name: name }) });
		components.set(id, known);
	}
	return [...components.values()];
}

function Fill({ inbox, template, onBack }: { inbox: Inbox; template: Template; onBack: () => void }) {
	const [values, setValues] = useState<Record<string, string>>({});
	const [file, setFile] = useState<File | null>(null);
	const [isSending, setSending] = useState(false);
	const [problem, setProblem] = useState<string | null>(null);
	const [id] = useState(inbox.selected.value); /* the conversation it was filled in for, whatever is selected later */
	const upload = useRef<AbortController | null>(null);
	const slots = slotsOf(template);
	const kind = headerKindOf(template);
	const isFull = slots.every(({ key }) => values[key]?.trim()) && (kind === null || file !== null);
	const shownBody = bodyOf(template).replace(VARIABLE, (whole, name: string) => values[`body ${name}`] || whole);
	const send = async (event: Event): Promise<void> => {
		event.preventDefault();
		if (id === null || !isFull || isSending) {
			return;
		}
		setSending(true);
		const { signal } = (upload.current = new AbortController());

		try {
			const header = kind !== null && file !== null ?
				[{ type: "header", parameters: [{ type: kind, [kind]: { media: (await inbox.client.upload(id, file, file.name, signal)).id } }] }] : [];
			if (signal.aborted) {
				return;
			}
			const components = [...header, ...componentsOf(slots, values)];

			inbox.send(id, { kind: "template", content: { name: template.name, language: { code: template.language }, ...(components.length > 0 && { components }) } });
			inbox.dialog.value = null;
		} catch (error) {
			if (!signal.aborted) {
				setProblem((error as Error).message);
				setSending(false);
			}
		}
	};

	/* Whoever leaves the form does not want it sent. */
	useEffect(() => () => upload.current?.abort(), []);
	return (
		<form onSubmit={(event) => void send(event)} class="template-form">
			{kind !== null && <label><span>{text.headerFile[kind]}</span>
				<input type="file" required accept={ACCEPTED[kind]} onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)} /></label>}
			{slots.map(({ key, label }, i) => (
				<label key={key}><span>{label}</span>
					<input value={values[key] ?? ""} required autofocus={i === 0} onInput={(event) => setValues({ ...values, [key]: event.currentTarget.value })} /></label>
			))}
			<h3>{text.preview}</h3>
			<p class="template-preview" dir="auto">{shownBody}</p>
			{!canFill(template) && <p class="problem">{text.unsupported}</p>}
			{problem !== null && <p class="problem" role="alert">{problem}</p>}
			<footer>
				<button type="button" class="button" onClick={onBack}>{text.back}</button>
				<button type="submit" class="button primary" disabled={!isFull || isSending || !canFill(template)}>{isSending ? strings.composer.uploading : text.send}</button>
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
