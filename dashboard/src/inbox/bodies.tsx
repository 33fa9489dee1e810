/* The body of a bubble for each kind, from the Cloud API's objects (docs/protocol.md, "Messages"). */
import type { Message } from "@convwire/client";
import type { ComponentChildren } from "preact";

import { Icon } from "../icons.js";
import { strings } from "../strings.js";
import { fullTimeOf, moneyOf } from "./format.js";
import { oneLine } from "./harmless.js";
import { MediaBody } from "./media.js";
import type { Inbox } from "./model.js";
import { Rich } from "./rich.js";

const text = strings.message;

type Json = Record<string, unknown>;

const object = (value: unknown): Json => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {});
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.map(object) : []);
const word = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");

/** The readable leaves of any JSON, named by their place in it. */
function leavesOf(value: unknown, name = ""): [string, string][] {
	if (Array.isArray(value)) {
		return value.flatMap((one) => leavesOf(one, name));
	}
	if (typeof value === "object" && value !== null) {
		return Object.entries(value).flatMap(([key, one]) => leavesOf(one, key));
	}
	return value === null || value === undefined || value === "" ? [] : [[name, String(value)]];
}

const MAX_FACTS = 30;

/** What there is no better form for, as a table; nothing if there is nothing to read. */
function Facts({ value }: { value: unknown }) {
	const facts = leavesOf(value).slice(0, MAX_FACTS);

	return facts.length === 0 ? null : (
		<dl class="answers">{facts.map(([name, one], i) => <div key={i}>{name && <dt>{oneLine(name).replaceAll("_", " ")}</dt>}<dd><bdi>{oneLine(one).slice(0, 500)}</bdi></dd></div>)}</dl>
	);
}

interface BodyProps {
	inbox: Inbox;
	message: Message;
	content: Json;
}

function WithCaption({ inbox, message, content }: BodyProps) {
	const caption = word(content["caption"]);
	const hasFile = message.media !== undefined || message.local !== undefined;

	return <>{hasFile ? <MediaBody inbox={inbox} message={message} /> : <p class="quiet"><Icon name="file" size={15} /> {text.noFile}</p>}{caption && <Rich text={caption} />}</>;
}

function Place({ content }: BodyProps) {
	const latitude = Number(content["latitude"]);
	const longitude = Number(content["longitude"]);
	const isPlace = Number.isFinite(latitude) && Number.isFinite(longitude);
	const map = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;

	return (
		<div class="card-body">
			<Icon name="pin" size={26} />
			<span>
				<bdi class="strong">{oneLine(word(content["name"])) || text.location}</bdi>
				<bdi>{oneLine(word(content["address"])) || (isPlace && `${latitude}, ${longitude}`)}</bdi>
				{isPlace && <a href={map} target="_blank" rel="noopener noreferrer">{text.openMap}</a>}
			</span>
		</div>
	);
}

function Person({ contact }: { contact: Json }) {
	const name = object(contact["name"]);
	const org = object(contact["org"]);
	const addressOf = (one: Json): string => ["street", "city", "state", "zip", "country"].map((part) => oneLine(word(one[part]))).filter(Boolean).join(", ");
	const lines = [
		["title", "department", "company"].map((part) => oneLine(word(org[part]))).filter(Boolean).join(", "),
		...list(contact["phones"]).map((one) => oneLine(word(one["phone"]) || word(one["wa_id"]))),
		...list(contact["emails"]).map((one) => oneLine(word(one["email"]))),
		...list(contact["addresses"]).map(addressOf),
		oneLine(word(contact["birthday"])),
	].filter(Boolean);
	const urls = list(contact["urls"]).map((one) => word(one["url"])).filter(Boolean);

	return (
		<div class="card-body">
			<Icon name="user" size={26} />
			<span>
				<bdi class="strong">{oneLine(word(name["formatted_name"]) || `${word(name["first_name"])} ${word(name["last_name"])}`) || text.contacts}</bdi>
				{lines.map((line, i) => <bdi key={i}>{line}</bdi>)}
				{urls.map((url, i) => <Rich key={i} text={url} />)}
			</span>
		</div>
	);
}

function People({ content }: BodyProps) {
	const people = list(content["contacts"]);

	return <>{people.length === 0 ? <p class="quiet">{text.contacts}</p> : people.map((contact, i) => <Person key={i} contact={contact} />)}</>;
}

function Order({ content }: BodyProps) {
	const items = list(content["product_items"]);

	return (
		<>
			<div class="card-body">
				<Icon name="order" size={26} />
				<span>
					<span class="strong">{text.product(items.length)}</span>
					{items.map((item, i) => <bdi key={i}>{`${word(item["quantity"])} × ${word(item["product_retailer_id"])}, ${moneyOf(item["item_price"], word(item["currency"]))}`}</bdi>)}
				</span>
			</div>
			{word(content["text"]) && <Rich text={word(content["text"])} />}
		</>
	);
}

function Template({ inbox, message, content }: BodyProps) {
	const known = Array.isArray(inbox.templates.value) ? inbox.templates.value.find((one) => one.name === content["name"]) : undefined;
	const parametersOf = (type: string): Json[] => list(content["components"]).filter((part) => word(part["type"]).toLowerCase() === type).flatMap((part) => list(part["parameters"]));
	const textOf = (type: string): string => word(object(known?.components.find((part) => part["type"] === type && part["text"] !== undefined))["text"]);
	const filled = (type: string): string => {
		const values = parametersOf(type);
		let n = 0;

		return textOf(type.toUpperCase()).replace(/\{\{\s*([^}\s]+)\s*\}\}/g, (whole, name: string) => word(object(values.find((one) => one["parameter_name"] === name) ?? values[n++])["text"]) || whole);
	};
	const header = filled("header");
	const body = filled("body") || parametersOf("body").map((one) => word(one["text"])).filter(Boolean).join(" · ");
	const kind = word(parametersOf("header")[0]?.["type"]);

	return (
		<>
			<p class="label"><Icon name="template" size={15} />{text.template(oneLine(word(content["name"])))}</p>
			{message.media && <MediaBody inbox={inbox} message={{ ...message, kind }} />}
			{header && <p class="strong"><bdi>{oneLine(header)}</bdi></p>}
			{body && <Rich text={body} />}
		</>
	);
}

/** The answers to a flow or an address form: WhatsApp's readable body, then the fields. */
function Answers({ reply }: { reply: Json }) {
	const raw = word(reply["response_json"]);
	let response: unknown = reply["response"];

	if (response === undefined) {
		try {
			response = JSON.parse(raw);
		} catch {
			response = raw; /* not JSON: shown as it is */
		}
	}
	const { flow_token: _token, ...fields } = object(response);
	const body = word(reply["body"]);
	const isForm = Object.keys(object(response)).length > 0;

	return (
		<>
			<p class="label"><Icon name="check" size={15} />{reply["name"] === "address_message" ? text.addressForm : text.form}</p>
			{body && <Rich text={body} />}
			<Facts value={isForm ? fields : response} />
		</>
	);
}

function callPermission({ response, expiration_timestamp: end, is_permanent: isPermanent }: Json): string {
	if (response !== "accept") {
		return text.callsRefused;
	}
	return isPermanent !== true && Number(end) > 0 ? text.callsUntil(fullTimeOf(Number(end) * 1000)) : text.callsAllowed;
}

/** A choice the customer made, or one they were offered. */
function Interactive({ content }: BodyProps) {
	const reply = object(content["button_reply"] ?? content["list_reply"]);
	const chosen = word(reply["title"]) || word(reply["id"]);
	const body = word(object(content["body"])["text"]);
	const action = object(content["action"]);
	const options = [
		...list(action["buttons"]).map((button) => word(object(button["reply"])["title"])),
		...list(action["sections"]).flatMap((section) => list(section["rows"])).map((row) => word(row["title"])),
		word(object(action["parameters"])["display_text"]),
	].filter(Boolean);

	if (chosen) {
		return <><p class="label"><Icon name="check" size={15} />{text.interactive}</p><Rich text={chosen} />{word(reply["description"]) && <p class="quiet"><bdi>{oneLine(word(reply["description"]))}</bdi></p>}</>;
	}
	if (Object.keys(object(content["nfm_reply"])).length > 0) {
		return <Answers reply={object(content["nfm_reply"])} />;
	}
	if (Object.keys(object(content["call_permission_reply"])).length > 0) {
		return <p><Icon name="phone" size={15} /> {callPermission(object(content["call_permission_reply"]))}</p>;
	}
	if (body || options.length > 0) {
		return <>{body && <Rich text={body} />}{options.map((option, i) => <p class="option" key={i}><bdi>{oneLine(option)}</bdi></p>)}</>;
	}
	const { type, ...rest } = content;

	return <><p class="label"><Icon name="check" size={15} />{text.answer(oneLine(word(type)).replaceAll("_", " "))}</p><Facts value={rest} /></>;
}

const bodies: Record<string, (props: BodyProps) => ComponentChildren> = {
	text: ({ content }) => <Rich text={word(content["body"])} />,
	image: (props) => <WithCaption {...props} />,
	video: (props) => <WithCaption {...props} />,
	document: (props) => <WithCaption {...props} />,
	audio: (props) => <WithCaption {...props} />,
	voice: (props) => <WithCaption {...props} />,
	sticker: (props) => <WithCaption {...props} />,
	location: (props) => <Place {...props} />,
	contacts: (props) => <People {...props} />,
	order: (props) => <Order {...props} />,
	template: (props) => <Template {...props} />,
	interactive: (props) => <Interactive {...props} />,
	button: ({ content }) => <><p class="label"><Icon name="check" size={15} />{text.interactive}</p><Rich text={word(content["text"]) || word(content["payload"])} /></>,
	request_welcome: () => <p class="quiet">{text.welcome}</p>,
	media_placeholder: () => <p class="quiet"><Icon name="file" size={15} /> {text.placeholder}</p>,
};

/** What WhatsApp does not pass on, or what we cannot read: named as well as it can be, with what there is. */
function Unknown({ message }: { message: Message }) {
	const content = object(message.content);
	const error = object(message.errors?.[0]);
	const why = word(object(error["error_data"])["details"]) || word(error["title"]) || word(error["message"]);
	const type = oneLine(word(content["type"]));
	const payload = content["payload"];

	return (
		<>
			<p class="quiet"><Icon name="warning" size={15} /> {payload !== undefined ? text.unreadable(type.replaceAll("_", " ")) : message.kind === "unsupported" ? text.unsupported(type) : text.unknown(message.kind)}{why && <><br /><bdi>{oneLine(why)}</bdi></>}</p>
			<Facts value={payload ?? (message.kind === "unsupported" ? undefined : content)} />
		</>
	);
}

/** The ad or post that the customer came from. */
function Referral({ referral }: { referral: Json }) {
	const url = word(referral["source_url"]);
	const picture = [referral["image_url"], referral["thumbnail_url"], referral["video_url"]].map(word).find((one) => /^https?:\/\//i.test(one));

	return (
		<div class="referral">
			<span class="label">{text.fromAd}</span>
			<bdi class="strong">{oneLine(word(referral["headline"]))}</bdi>
			<bdi>{oneLine(word(referral["body"]))}</bdi>
			{picture && <a href={picture} target="_blank" rel="noopener noreferrer nofollow">{text.adPicture}</a>}
			{/^https?:\/\//i.test(url) && <a href={url} target="_blank" rel="noopener noreferrer nofollow">{oneLine(url).slice(0, 60)}</a>}
		</div>
	);
}

export function Body({ inbox, message }: { inbox: Inbox; message: Message }) {
	const show = bodies[message.kind];

	if (message.revoked === true) {
		return <p class="quiet">{text.deleted}</p>;
	}
	return (
		<>
			{message.referral && <Referral referral={object(message.referral)} />}
			{show && message.content !== null ? show({ inbox, message, content: object(message.content) }) : <Unknown message={message} />}
		</>
	);
}

/** A line without a bubble, as text. */
export function systemText(message: Message): string {
	const { type, status, duration } = object(message.content);

	if (message.kind === "call") {
		return text.call(status === "COMPLETED", typeof duration === "number" ? duration : null);
	}
	if (message.kind === "request_welcome") {
		return text.welcome;
	}
	if (type === "marketing_stop" || type === "marketing_resume") {
		return type === "marketing_stop" ? text.marketingStopped : text.marketingResumed;
	}
	return oneLine(word(object(message.content)["body"])) || text.note(oneLine(word(type)).replaceAll("_", " "));
}
