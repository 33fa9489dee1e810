/** Those that people answer customers with, by what they are about; every system's own keyboard has the rest. */
export const emoji: [string, string][] = [
	["Smileys", "😀 😃 😄 😁 😆 😅 😂 🤣 😊 🙂 🙃 😉 😍 🥰 😘 😋 😎 🤩 🥳 🤔 🤗 🤭 😐 😑 😶 🙄 😏 😬 😌 😴 😷 🤒 🤕 🥵 🥶 😵 😕 😟 🙁 😮 😲 😳 🥺 😢 😭 😱 😞 😓 😩 😤 😠 😡"],
	["Hands", "👍 👎 👌 ✌️ 🤞 🤝 👏 🙌 🙏 💪 👋 🤙 👉 👈 👆 👇 ☝️ ✋ 🫶 ✍️"],
	["Hearts", "❤️ 🧡 💛 💚 💙 💜 🖤 🤍 💔 💕 💖 💯 ✨ ⭐ 🌟 🔥 🎉 🎊 🎁 🏆"],
	["Things", "📦 🚚 ✈️ 🏠 🏪 📍 📞 📱 💻 📷 📄 📎 🧾 💳 💵 🔑 🔧 💡 ⏰ 📅 ☕ 🍕 🎂 🚗 🛒 👕 👟 💊 🌧️ ☀️"],
	["Signs", "✅ ☑️ ❌ ⚠️ ❗ ❓ ➡️ ⬅️ ⬆️ ⬇️ 🔄 🆗 🆕 🔴 🟢 🟡 1️⃣ 2️⃣ 3️⃣ ©️"],
].map(([name, signs]) => [name as string, signs as string]);
