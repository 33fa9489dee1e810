/* A sound and a notification, for messages that are not in view. */
import { settings } from "./settings.js";

const SOUND_EVERY_MS = 2_000;

export class Notifier {
	private audio: AudioContext | null = null;
	private soundedAt = 0;

	constructor(private readonly onOpen: (id: string) => void) {}

	tell(name: string, text: string, id: string): void {
		if (settings.sound.value === "on" && Date.now() - this.soundedAt > SOUND_EVERY_MS) {
			this.soundedAt = Date.now();
			this.sound();
		}
		if (settings.notifications.value === "on" && "Notification" in window && Notification.permission === "granted") {
			this.notify(name, text, id);
		}
	}

	private notify(name: string, text: string, id: string): void {
		try {
			const note = new Notification(name, { body: text, tag: id, icon: "/static/icon-192.png" });

			note.onclick = () => {
				window.focus();
				this.onOpen(id);
				note.close();
			};
		} catch {
			settings.notifications.value = "off"; /* Chrome on phones allows them only from service workers */
		}
	}

	/** Two soft tones; browsers play no sound until somebody has interacted with the page. */
	private sound(): void {
		if (typeof AudioContext === "undefined" || navigator.userActivation?.hasBeenActive === false) {
			return;
		}
		this.audio ??= new AudioContext();
		const { audio } = this;

		[660, 880].forEach((frequency, i) => {
			const tone = audio.createOscillator();
			const gain = audio.createGain();
			const at = audio.currentTime + i * 0.12;

			tone.frequency.value = frequency;
			gain.gain.setValueAtTime(0, at);
			gain.gain.linearRampToValueAtTime(0.08, at + 0.02);
			gain.gain.exponentialRampToValueAtTime(0.001, at + 0.3);
			tone.connect(gain).connect(audio.destination);
			tone.start(at);
			tone.stop(at + 0.3);
		});
	}
}

/** Asks the browser; the answer is kept as the setting. */
export async function allowNotifications(): Promise<boolean> {
	const answer = "Notification" in window ? await Notification.requestPermission() : "denied";

	settings.notifications.value = answer === "granted" ? "on" : "off";
	return answer === "granted";
}
