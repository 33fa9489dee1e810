import { strings } from "../strings.js";

/** Emoji commonly used with customers, by group; the system's own picker has the rest. */
export const emoji: [string, string][] = [
	"😀 😃 😄 😁 😆 😅 😂 🤣 😊 🙂 🙃 😉 😍 🥰 😘 😋 😎 🤩 🥳 🤔 🤗 🤭 😐 😑 😶 🙄 😏 😬 😌 😴 😷 🤒 🤕 🥵 🥶 😵 😕 😟 🙁 😮 😲 😳 🥺 😢 😭 😱 😞 😓 😩 😤 😠 😡",
	"👍 👎 👌 ✌️ 🤞 🤝 👏 🙌 🙏 💪 👋 🤙 👉 👈 👆 👇 ☝️ ✋ 🫶 ✍️",
	"❤️ 🧡 💛 💚 💙 💜 🖤 🤍 💔 💕 💖 💯 ✨ ⭐ 🌟 🔥 🎉 🎊 🎁 🏆",
	"📦 🚚 ✈️ 🏠 🏪 📍 📞 📱 💻 📷 📄 📎 🧾 💳 💵 🔑 🔧 💡 ⏰ 📅 ☕ 🍕 🎂 🚗 🛒 👕 👟 💊 🌧️ ☀️",
	"✅ ☑️ ❌ ⚠️ ❗ ❓ ➡️ ⬅️ ⬆️ ⬇️ 🔄 🆗 🆕 🔴 🟢 🟡 1️⃣ 2️⃣ 3️⃣ ©️",
].map((signs, i) => [strings.composer.emojiGroups[i] ?? "", signs]);
