// Times in the reader's own zone. The server knows none and has written UTC, which is true too.

const style = { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" };

for (const time of document.querySelectorAll("time")) {
  time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang, style);
}
