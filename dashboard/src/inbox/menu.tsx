/* Settings and rarely used actions, behind one button. */
import { useEffect, useRef, useState } from "preact/hooks";

import { strings } from "../strings.js";
import type { Inbox } from "./model.js";
import { allowNotifications } from "./notify.js";
import { settings } from "./settings.js";
import type { Switch, Theme } from "./settings.js";

const text = strings.menu;

function Check({ label, setting, onTurn }: { label: string; setting: Switch; onTurn?: (on: boolean) => void }) {
	return (
		<label class="menu-item">
			<input type="checkbox" checked={setting.value === "on"} onChange={(event) => {
				const on = event.currentTarget.checked;

				if (onTurn) {
					onTurn(on);
				} else {
					setting.value = on ? "on" : "off";
				}
			}} />
			{label}
		</label>
	);
}

export function Menu({ inbox }: { inbox: Inbox }) {
	const [isOpen, setOpen] = useState(false);
	const box = useRef<HTMLDivElement>(null);

	void inbox.peopleTicker.value;
	useEffect(() => {
		const onPointer = (event: Event): void => {
			if (!box.current?.contains(event.target as Node)) {
				setOpen(false);
			}
		};

		document.addEventListener("pointerdown", onPointer);
		return () => document.removeEventListener("pointerdown", onPointer);
	}, []);
	const choose = (act: () => void) => () => {
		setOpen(false);
		act();
	};
	const onNotifications = (on: boolean): void => {
		if (on) {
			void allowNotifications().then((isAllowed) => {
				inbox.problem.value = isAllowed ? null : text.notificationsBlocked;
			});
		} else {
			settings.notifications.value = "off";
		}
	};

	return (
		<div class="menu" ref={box} onKeyDown={(event) => { if (event.key === "Escape" && isOpen) { event.stopPropagation(); setOpen(false); } }}>
			<button type="button" class="icon-button" aria-label={text.label} aria-expanded={isOpen} title={text.label} onClick={() => setOpen(!isOpen)}>
				<span class="burger" aria-hidden="true" />
			</button>
			{isOpen && (
				<div class="menu-sheet">
					<p class="menu-who"><strong>{text.signedInAs(inbox.me.name)}</strong><br />{text.online(inbox.client.online.length)}</p>
					{inbox.mayCommand && <button class="menu-item" onClick={choose(() => { inbox.dialog.value = "begin"; })}>{text.newConversation}</button>}
					<button class="menu-item" onClick={choose(() => { inbox.dialog.value = "help"; })}>{text.shortcuts}</button>
					<button class="menu-item" onClick={choose(() => { inbox.dialog.value = "debug"; })}>{text.debug}</button>
					<hr />
					<Check label={text.sound} setting={settings.sound} />
					<Check label={text.notifications} setting={settings.notifications} onTurn={onNotifications} />
					<Check label={text.take} setting={settings.take} />
					<Check label={text.keys} setting={settings.keys} />
					<label class="menu-item">
						{text.theme}
						<select value={settings.theme.value} onChange={(event) => { settings.theme.value = event.currentTarget.value as Theme; }}>
							{Object.entries(text.themes).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
						</select>
					</label>
					<hr />
					<button class="menu-item" onClick={choose(() => void inbox.signOut())}>{text.signOut}</button>
				</div>
			)}
		</div>
	);
}

