/* The body of a bubble for each kind, from the Cloud API's objects (docs/protocol.md, "Messages"). */
import type { Message } from "@convwire/client";
import type { ComponentChildren } from "preact";

import { Icon } from "../icons.js";
import { strings } from "../strings.js";
import { oneLine } from "./harmless.js";
import { MediaBody } from "./media.js";
import type { Inbox } from "./model.js";
import { Rich } from "./rich.js";

const text = strings.message;

type Json = Record<string, unknown>;

const object = (value: unknown): Json => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {});
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.map(object) : []);
const word = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");

interface BodyProps {
	inbox: Inbox;
	message: Message;
	content: Json;
}

function WithCaption({ inbox, message, content }: BodyProps) {
	const caption = word(content["caption"]);

	return <><MediaBody inbox={inbox} message={message} />{caption && <Rich text={caption} />}</>;
}

function Place({ content }: BodyProps) {
	const latitude = Number(content["latitude"]);
	const longitude = Number(content["longitude"]);
	const map = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;

	return (
		<div class="card-body">
			<Icon name="pin" size={26} />
			<span>
				<bdi class="strong">{oneLine(word(content["name"])) || text.location}</bdi>
				<bdi>{oneLine(word(content["address"])) || `${latitude}, ${longitude}`}</bdi>
				{Number.isFinite(latitude) && Number.isFinite(longitude) && <a href={map} target="_blank" rel="noopener noreferrer">{text.openMap}</a>}
			</span>
		</div>
	);
}

function People({ content }: BodyProps) {
	return (
		<>
			{list(content["contacts"]).map((contact, i) => (
				<div class="card-body" key={i}>
					<Icon name="user" size={26} />
					<span>
						<bdi class="strong">{oneLine(word(object(contact["name"])["formatted_name"])) || text.contacts}</bdi>
						{list(contact["phones"]).map((phone, j) => <bdi key={j}>{oneLine(word(phone["phone"]))}</bdi>)}
						{list(contact["emails"]).map((email, j) => <bdi key={j}>{oneLine(word(email["email"]))}</bdi>)}
					</span>
				</div>
			))}
		</>
	);
}

function Order({ content }: BodyProps) {
	const items = list(content["product_items"]);

	return (
		<>
			<div class="card-body">
				<Icon name="order" size={26} />
				<span>
					<span class="strong">{text.product(items.length)}</span>
					{items.map((item, i) => <bdi key={i}>{`${word(item["quantity"])} × ${word(item["product_retailer_id"])}, ${word(item["item_price"])} ${word(item["currency"])}`}</bdi>)}
				</span>
			</div>
			{word(content["text"]) && <Rich text={word(content["text"])} />}
		</>
	);
}

function Template({ inbox, content }: BodyProps) {
	const known = Array.isArray(inbox.templates.value) ? inbox.templates.value.find((one) => one.name === content["name"]) : undefined;
	const values = list(content["components"]).flatMap((part) => list(part["parameters"])).map((one) => word(one["text"]));
	const body = word(object(known?.components.find((part) => part["type"] === "BODY"))["text"]);
	let n = 0;

	return (
		<>
			<p class="label"><Icon name="template" size={15} />{text.template(oneLine(word(content["name"])))}</p>
			{body ? <Rich text={body.replace(/\{\{[^}]+\}\}/g, (name) => values[n++] ?? name)} /> : values.length > 0 && <Rich text={values.join(" · ")} />}
		</>
	);
}

/** A choice the customer made, or one they were offered. */
function Interactive({ content }: BodyProps) {
	const reply = object(content["button_reply"] ?? content["list_reply"]);
	const flow = object(content["nfm_reply"]);
	const body = word(object(content["body"])["text"]);
	const action = object(content["action"]);
	const options = [
		...list(action["buttons"]).map((button) => word(object(button["reply"])["title"])),
		...list(action["sections"]).flatMap((section) => list(section["rows"])).map((row) => word(row["title"])),
		word(object(action["parameters"])["display_text"]),
	].filter(Boolean);

	if (word(reply["title"])) {
		return <><p class="label"><Icon name="check" size={15} />{text.interactive}</p><Rich text={word(reply["title"])} />{word(reply["description"]) && <p class="quiet"><bdi>{oneLine(word(reply["description"]))}</bdi></p>}</>;
	}
	if (Object.keys(flow).length > 0) {
		const answers = Object.entries(object(flow["response"])).filter(([name]) => name !== "flow_token");

		return (
			<>
				<p class="label"><Icon name="check" size={15} />{text.interactive}</p>
				<dl class="answers">{answers.map(([name, value]) => <div key={name}><dt>{oneLine(name)}</dt><dd><bdi>{oneLine(typeof value === "string" ? value : JSON.stringify(value))}</bdi></dd></div>)}</dl>
			</>
		);
	}
	return <>{body && <Rich text={body} />}{options.map((option, i) => <p class="option" key={i}><bdi>{oneLine(option)}</bdi></p>)}</>;
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
	button: ({ content }) => <><p class="label"><Icon name="check" size={15} />{text.interactive}</p><Rich text={word(content["text"])} /></>,
};

function Unknown({ message }: { message: Message }) {
	const error = object(message.errors?.[0]);
	const why = word(object(error["error_data"])["details"]) || word(error["title"]);

	return <p class="quiet"><Icon name="warning" size={15} /> {message.kind === "unsupported" ? text.unsupported : text.unknown(message.kind)}{why && <><br /><bdi>{oneLine(why)}</bdi></>}</p>;
}

/** The ad or post that the customer came from. */
function Referral({ referral }: { referral: Json }) {
	const url = word(referral["source_url"]);

	return (
		<div class="referral">
			<span class="label">{text.fromAd}</span>
			<bdi class="strong">{oneLine(word(referral["headline"]))}</bdi>
			<bdi>{oneLine(word(referral["body"]))}</bdi>
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
	if (type === "marketing_stop" || type === "marketing_resume") {
		return type === "marketing_stop" ? text.marketingStopped : text.marketingResumed;
	}
	return oneLine(word(object(message.content)["body"])) || strings.message.unknown(message.kind);
}
