export { ApiError } from "./api.js";
export { Client } from "./client.js";
export type { ClientEvents, ClientOptions, ClientStatus } from "./client.js";
export { customerOf, makeConversationId, parseConversationId } from "./conversation_id.js";
export type { ConversationId } from "./conversation_id.js";
export type { DebugFacts, Hops } from "./debug.js";
export { traitsOf } from "./kinds.js";
export type { KindTraits } from "./kinds.js";
export type { MqttConnect } from "./link.js";
export { newId } from "./outbox.js";
export type { CommandAnswer } from "./outbox.js";
export { MemoryOutbox, openOutboxStorage } from "./outbox_storage.js";
export type { OutboxStorage, StoredCommand } from "./outbox_storage.js";
export type { Person } from "./people.js";
export { State } from "./state.js";
export type { Draft } from "./sending.js";
export { SignedOut } from "./tokens.js";
export type { TokenSource } from "./tokens.js";
export { conversationsFilter, liveFilter, makeTopic, parseTopic, presenceFilter } from "./topic.js";
export type { Topic } from "./topic.js";
export type { Match, TracedEvent } from "./trace.js";
export { parseEvent, parseHead, parseSync } from "./wire.js";
export type {
	Agent, Config, Contact, Conversation, EventData, Head, Identity, LastMessage, LocalState, May, Message, PhoneNumber, ResolveAnswer,
	SearchAnswer, SyncAnswer, Template, WireEvent,
} from "./wire.js";
