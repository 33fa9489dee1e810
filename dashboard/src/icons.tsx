/* Our own line icons, 20 by 20; always next to a text or label, so hidden from screen readers. */
import type { JSX } from "preact";

const paths = {
	search: "M9 3.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM13 13l4 4",
	next: "M4.5 5l5 5-5 5M10.5 5l5 5-5 5",
	unread: "M3 5.5h9M3 5.5v9h14V9M3 5.5l7 5.5 3-2.4M15.5 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
	back: "M12.5 4 6.5 10l6 6",
	close: "M5 5l10 10M15 5 5 15",
	check: "M4 10.5l4 4 8-9",
	user: "M10 10a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM3.8 16.8c.6-3 3-4.6 6.2-4.6s5.6 1.6 6.2 4.6",
	info: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 9v4.5M10 6.4v.2",
	attach: "M15.5 9.5l-5.6 5.6a3.4 3.4 0 0 1-4.8-4.8l6-6a2.2 2.2 0 0 1 3.2 3.2l-6 6a1 1 0 0 1-1.5-1.5l5.3-5.3",
	emoji: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM7.5 8.2v.2M12.5 8.2v.2M7 11.6c.7 1.2 1.7 1.8 3 1.8s2.3-.6 3-1.8",
	template: "M4 4h12v12H4zM4 8h12M8 8v8",
	send: "M3.5 10 16.5 4l-4 12.5-3-5z",
	reply: "M8 5 3.5 9.5 8 14M4 9.5h7a5 5 0 0 1 5 5v.5",
	down: "M5 8l5 5 5-5",
	more: "M10 5.6a.8.8 0 1 0 0-1.6.8.8 0 0 0 0 1.6zM10 10.8a.8.8 0 1 0 0-1.6.8.8 0 0 0 0 1.6zM10 16a.8.8 0 1 0 0-1.6.8.8 0 0 0 0 1.6z",
	up: "M5 12l5-5 5 5",
	file: "M5.5 3h6l3.5 3.5V17h-9.5zM11.5 3v3.5H15",
	play: "M7 4.5v11l8.5-5.5z",
	pause: "M7 4.5v11M13 4.5v11",
	pin: "M10 17s5-5 5-8.7A5 5 0 0 0 5 8.3C5 12 10 17 10 17zM10 10a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4z",
	image: "M3.5 4.5h13v11h-13zM3.5 13l3.5-3.5 3 3 2.5-2.5 4 4M12.8 7.6v.1",
	mic: "M10 12a2.4 2.4 0 0 0 2.4-2.4V5.4a2.4 2.4 0 0 0-4.8 0v4.2A2.4 2.4 0 0 0 10 12zM5.5 9.5a4.5 4.5 0 0 0 9 0M10 14v3",
	warning: "M10 3.5 17.5 16h-15zM10 8v4M10 13.9v.1",
	copy: "M7 7h9v9H7zM4 13V4h9",
	clock: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 6v4.2l2.6 1.8",
	tick: "M3.5 10.5l3.5 3.5 8-8.5",
	ticks: "M1.5 10.5 5 14l7.5-8.5M8.8 12.6l1.4 1.4 7.8-8.5",
	phone: "M6.2 3.5 8 7.2 6.6 8.6a10 10 0 0 0 4.8 4.8L12.8 12l3.7 1.8v2.4c0 .5-.4.9-.9.8A12.6 12.6 0 0 1 3 4.4c0-.5.3-.9.8-.9z",
	order: "M3.5 4.5h2l2 8.5h7l2-6H6.3M8.5 16.5v.1M14 16.5v.1",
};

export type IconName = keyof typeof paths;

export function Icon({ name, size = 20, ...rest }: { name: IconName; size?: number } & JSX.SVGAttributes<SVGSVGElement>) {
	return (
		<svg class={`icon icon-${name}`} width={size} height={size} viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"
			stroke-linejoin="round" aria-hidden="true" {...rest}><path d={paths[name]} /></svg>
	);
}
