/*
 * Keeps commands until they are answered, since a page may be closed before. IndexedDB in browsers; memory elsewhere,
 * or if the browser stores nothing (private windows).
 */
export interface StoredCommand {
	/** The command's id, never reused. */
	id: string;
	conversation: string;
	type: string;
	data?: unknown;
	/** When it was given, ms. */
	at: number;
	/** The log's epoch when it was given; absent: not known then. */
	epoch?: string;
	/** Why it will not be sent; kept until a person has seen it. */
	refused?: { detail: string; type: string };
}

/** That member of a command, if known. */
export const ofEpoch = (epoch: string | null): { epoch?: string } => (epoch === null ? {} : { epoch });

export interface OutboxStorage {
	put(command: StoredCommand): Promise<void>;
	remove(id: string): Promise<void>;
	/** Oldest first. */
	all(): Promise<StoredCommand[]>;
}

const DATABASE = "convwire";
const STORE = "outbox";

export class MemoryOutbox implements OutboxStorage {
	private readonly commands = new Map<string, StoredCommand>();

	put(command: StoredCommand): Promise<void> {
		this.commands.set(command.id, command);
		return Promise.resolve();
	}

	remove(id: string): Promise<void> {
		this.commands.delete(id);
		return Promise.resolve();
	}

	all(): Promise<StoredCommand[]> {
		return Promise.resolve([...this.commands.values()].sort((one, other) => one.at - other.at));
	}
}

function done<T>(request: IDBRequest<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(request.error ?? new Error("IndexedDB failed"));
	});
}

class BrowserOutbox implements OutboxStorage {
	constructor(private readonly db: IDBDatabase, private readonly owner: string) {}

	/** Resolves when it is on disk. */
	put(command: StoredCommand): Promise<void> {
		return this.change((store) => store.put({ ...command, owner: this.owner }));
	}

	remove(id: string): Promise<void> {
		return this.change((store) => store.delete([this.owner, id]));
	}

	async all(): Promise<StoredCommand[]> {
		const store = this.db.transaction(STORE, "readonly").objectStore(STORE);
		const range = IDBKeyRange.bound([this.owner, ""], [this.owner, "\uffff"]);
		const rows = (await done(store.getAll(range))) as StoredCommand[];

		return rows.sort((one, other) => one.at - other.at);
	}

	private change(act: (store: IDBObjectStore) => void): Promise<void> {
		return new Promise((resolve, reject) => {
			const transaction = this.db.transaction(STORE, "readwrite");

			act(transaction.objectStore(STORE));
			transaction.oncomplete = () => resolve();
			transaction.onerror = () => reject(transaction.error ?? new Error("IndexedDB failed"));
			transaction.onabort = transaction.onerror;
		});
	}
}

/** For one agent of one account; others using the same browser have their own. */
export async function openOutboxStorage(owner: string): Promise<OutboxStorage> {
	if (typeof indexedDB === "undefined") {
		return new MemoryOutbox();
	}
	try {
		const opening = indexedDB.open(DATABASE, 1);

		opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: ["owner", "id"] });
		return new BrowserOutbox(await done(opening), owner);
	} catch {
		return new MemoryOutbox();
	}
}
