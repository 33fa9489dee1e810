export { Client } from "./client.js";
export type { ClientEvents, ClientOptions, ClientStatus, MqttConnect } from "./client.js";
export { customerOf, makeConversationId, parseConversationId } from "./conversation_id.js";
export type { ConversationId } from "./conversation_id.js";
export { State } from "./state.js";
export { conversationsFilter, makeTopic, parseTopic } from "./topic.js";
export type { Topic } from "./topic.js";
export { parseEvent, parseHead, parseSync } from "./wire.js";
export type {
	Contact, Conversation, EventData, Head, LastMessage, Message, ResolveAnswer, SyncAnswer, WireEvent,
} from "./wire.js";
