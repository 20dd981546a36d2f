// Links to the last run's report and files, below Locust's page: cells of its tables hold text only.
const bar = document.createElement("nav");
bar.id = "read-model-links";
bar.style.cssText = "padding: 12px 24px; font: 16px Roboto, Helvetica, Arial, sans-serif";
document.body.append(bar);
let shown = "";

async function refresh() {
  const answer = await fetch("./read-model/links").catch(() => null);
  if (!answer || !answer.ok) return;
  const text = await answer.text();
  if (text === shown) return;
  shown = text;
  const { title, files } = JSON.parse(text);
  bar.replaceChildren(title);
  for (const { href, name } of files) {
    const link = document.createElement("a");
    link.href = href;
    link.target = "_blank";
    link.textContent = name;
    link.style.cssText = "color: #15803d; margin-left: 16px";
    bar.append(link);
  }
}

refresh();
setInterval(refresh, 2000);
