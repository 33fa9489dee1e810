import { strings } from "../strings.js";

/** Those that people answer customers with, by what they are about; every system's own keyboard has the rest. */
export const emoji: [string, string][] = [
	"😀 😃 😄 😁 😆 😅 😂 🤣 😊 🙂 🙃 😉 😍 🥰 😘 😋 😎 🤩 🥳 🤔 🤗 🤭 😐 😑 😶 🙄 😏 😬 😌 😴 😷 🤒 🤕 🥵 🥶 😵 😕 😟 🙁 😮 😲 😳 🥺 😢 😭 😱 😞 😓 😩 😤 😠 😡",
	"👍 👎 👌 ✌️ 🤞 🤝 👏 🙌 🙏 💪 👋 🤙 👉 👈 👆 👇 ☝️ ✋ 🫶 ✍️",
	"❤️ 🧡 💛 💚 💙 💜 🖤 🤍 💔 💕 💖 💯 ✨ ⭐ 🌟 🔥 🎉 🎊 🎁 🏆",
	"📦 🚚 ✈️ 🏠 🏪 📍 📞 📱 💻 📷 📄 📎 🧾 💳 💵 🔑 🔧 💡 ⏰ 📅 ☕ 🍕 🎂 🚗 🛒 👕 👟 💊 🌧️ ☀️",
	"✅ ☑️ ❌ ⚠️ ❗ ❓ ➡️ ⬅️ ⬆️ ⬇️ 🔄 🆗 🆕 🔴 🟢 🟡 1️⃣ 2️⃣ 3️⃣ ©️",
].map((signs, i) => [strings.composer.emojiGroups[i] ?? "", signs]);
