/*
 * Files that an agent has attached or is sending, in IndexedDB: they survive another conversation, a reload and a
 * closed page, as a draft's text does. Where the browser stores nothing, they are kept as long as the page.
 */
export interface StoredFile {
	/** Ascending: their order. */
	key: number;
	conversation: string;
	/** What the page needs to know about it; it may hold files. */
	value: unknown;
}

const DATABASE = "convwire-files";
const STORE = "files";

export class FileStorage {
	private readonly opening: Promise<IDBDatabase | null>;

	/** owner: whose, and what for. */
	constructor(private readonly owner: string) {
		this.opening = this.open();
	}

	async put({ key, conversation, value }: StoredFile): Promise<void> {
		await this.change((store) => store.put({ owner: this.owner, key, conversation, value }));
	}

	async remove(key: number): Promise<void> {
		await this.change((store) => store.delete([this.owner, key]));
	}

	/** In order. */
	async all(): Promise<StoredFile[]> {
		const db = await this.opening;

		if (db === null) {
			return [];
		}
		const request = db.transaction(STORE, "readonly").objectStore(STORE).getAll(IDBKeyRange.bound([this.owner, 0], [this.owner, Infinity]));

		return new Promise((resolve) => {
			request.onsuccess = () => resolve(request.result as StoredFile[]);
			request.onerror = () => resolve([]);
		});
	}

	async has(key: number): Promise<boolean> {
		return (await this.all()).some((one) => one.key === key);
	}

	/** Signing out leaves nothing on this machine. */
	async clear(): Promise<void> {
		await this.change((store) => store.delete(IDBKeyRange.bound([this.owner, 0], [this.owner, Infinity])));
	}

	private open(): Promise<IDBDatabase | null> {
		return new Promise((resolve) => {
			if (typeof indexedDB === "undefined") {
				resolve(null);
				return;
			}
			const request = indexedDB.open(DATABASE, 1);

			request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: ["owner", "key"] });
			request.onsuccess = () => resolve(request.result);
			request.onerror = () => resolve(null);
		});
	}

	/** What cannot be stored (no space left) is kept by the page alone. */
	private async change(act: (store: IDBObjectStore) => void): Promise<void> {
		const db = await this.opening;

		if (db === null) {
			return;
		}
		await new Promise<void>((resolve) => {
			const transaction = db.transaction(STORE, "readwrite");

			transaction.oncomplete = transaction.onerror = transaction.onabort = () => resolve();
			act(transaction.objectStore(STORE));
		});
	}
}
