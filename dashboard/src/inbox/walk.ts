/*
 * A walk through the list with J and K. The list keeps the order that it had when the walk began: new rows join at the
 * top, and rows that were visited stay where they are even if they no longer belong to the tab. No I/O, no DOM.
 */
export class Walk {
	/** The ids as the walk found them; null: nobody walks. */
	private ids: string[] | null = null;
	private readonly visited = new Set<string>();

	get isOn(): boolean {
		return this.ids !== null;
	}

	/**
	 * Begins, unless it has begun. shown: the list now. place: the list when `selected` was opened: it gets its place
	 * back there if it has left the list since, or was moved to its top by a reply.
	 */
	begin(shown: string[], selected: string | null, place: string[]): void {
		if (this.ids !== null) {
			return;
		}
		this.ids = [...shown];
		if (selected !== null) {
			this.visit(selected);
			this.insert(selected, place);
		}
	}

	end(): void {
		this.ids = null;
		this.visited.clear();
	}

	visit(id: string): void {
		this.visited.add(id);
	}

	/** Merged: the other one is where this one was. */
	replace(id: string, survivor: string): void {
		this.ids = this.ids?.filter((one) => one !== survivor).map((one) => (one === id ? survivor : one)) ?? null;
		if (this.visited.delete(id)) {
			this.visited.add(survivor);
		}
	}

	/** The rows as the walk shows them. rows: those of the tab, now. find: any row, by its id. */
	order<Row extends { id: string }>(rows: Row[], find: (id: string) => Row | undefined): Row[] {
		if (this.ids === null) {
			return rows;
		}
		const known = new Set(this.ids);
		const now = new Map(rows.map((row) => [row.id, row]));
		const kept = this.ids.map((id) => now.get(id) ?? (this.visited.has(id) ? find(id) : undefined));

		return [...rows.filter(({ id }) => !known.has(id)), ...kept.filter((row): row is Row => row !== undefined)];
	}

	/** After the nearest of the rows before it that is still in the list; else before the nearest of those after it. */
	private insert(selected: string, place: string[]): void {
		const others = (this.ids as string[]).filter((id) => id !== selected);
		const was = place.indexOf(selected);
		const before = place.slice(0, Math.max(was, 0)).reverse().find((id) => others.includes(id));
		const after = place.slice(was + 1).find((id) => others.includes(id));

		if (was >= 0) {
			others.splice(before !== undefined ? others.indexOf(before) + 1 : after !== undefined ? others.indexOf(after) : 0, 0, selected);
			this.ids = others;
		}
	}
}
