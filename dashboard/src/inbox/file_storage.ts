/*
 * Files that an agent has attached or is sending, in IndexedDB: they survive another conversation, a reload and a
 * closed page, as a draft's text does. Where the browser stores nothing, they are kept as long as the page. Nothing
 * here rejects.
 */
export interface StoredFile {
	/** Ascending: their order. */
	key: number;
	conversation: string;
	/** Attached, but not sent yet; else it is being sent. */
	isAttached: boolean;
	/** What the page needs to know about it; it may hold files. */
	value: unknown;
}

const DATABASE = "convwire-files";
const STORE = "files";

export class FileStorage {
	private readonly opening: Promise<IDBDatabase | null>;
	/** The last change: the next one waits, so that they are stored in the order in which they were made. */
	private last: Promise<boolean> = Promise.resolve(true);

	/** owner: whose. */
	constructor(private readonly owner: string) {
		this.opening = this.open();
	}

	/** Resolves when it is on disk. */
	async put(file: StoredFile): Promise<void> {
		await this.change((store) => { store.put({ owner: this.owner, ...file }); });
	}

	/** Resolves when it is gone. */
	async remove(key: number): Promise<void> {
		await this.change((store) => { store.delete([this.owner, key]); });
	}

	/**
	 * In one step: what is attached becomes what is being sent. Returns which of `attached` were still there: another
	 * page of this browser may have sent the others, and then none of their new rows is stored.
	 */
	async dispatch(attached: number[], sending: StoredFile[]): Promise<Set<number>> {
		const taken = new Set<number>();
		const put = (store: IDBObjectStore, file: StoredFile): void => { store.put({ owner: this.owner, ...file }); };

		const isStored = await this.change((store) => {
			for (const file of sending) {
				if (!attached.includes(file.key)) {
					put(store, file);
					continue;
				}
				const asked = store.get([this.owner, file.key]);

				asked.onsuccess = () => {
					if ((asked.result as StoredFile | undefined)?.isAttached) {
						taken.add(file.key);
						put(store, file);
					}
				};
			}
		});
		return isStored ? taken : new Set(attached);
	}

	/** In order. */
	all(): Promise<StoredFile[]> {
		return this.ask<StoredFile[]>((store) => store.getAll(this.range()), []);
	}

	/** Is it still there? */
	has(key: number): Promise<boolean> {
		return this.ask((store) => store.count([this.owner, key]), 0).then((n) => n > 0);
	}

	/** Signing out leaves nothing on this machine. */
	async clear(): Promise<void> {
		await this.change((store) => { store.delete(this.range()); });
	}

	private range(): IDBKeyRange {
		return IDBKeyRange.bound([this.owner, 0], [this.owner, Infinity]);
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

	/** otherwise: the answer where nothing can be stored. */
	private async ask<T>(question: (store: IDBObjectStore) => IDBRequest<T>, otherwise: T): Promise<T> {
		const db = await this.opening;

		return db === null ? otherwise : new Promise((resolve) => {
			const request = question(db.transaction(STORE, "readonly").objectStore(STORE));

			request.onsuccess = () => resolve(request.result);
			request.onerror = () => resolve(otherwise);
		});
	}

	/** False: it is not stored (no space left, a private window), and kept by the page alone. */
	private change(act: (store: IDBObjectStore) => void): Promise<boolean> {
		const changed = this.last.then(async () => {
			const db = await this.opening;

			return db !== null && new Promise<boolean>((resolve) => {
				const transaction = db.transaction(STORE, "readwrite");

				transaction.oncomplete = () => resolve(true);
				transaction.onerror = transaction.onabort = () => resolve(false);
				act(transaction.objectStore(STORE));
			});
		}).catch(() => false);

		this.last = changed;
		return changed;
	}
}
