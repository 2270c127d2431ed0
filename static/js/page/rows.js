// Lists whose rows come and go: a row that stays is not touched, so the focus in it stays too.

/** Give `list` one row for each key, in this order; rows carry theirs as `data-<name>`. */
export function keepRows(list, name, keys, template) {
  const wanted = keys.map(String);
  const rows = new Map([...list.children].map((row) => [row.dataset[name], row]));
  for (const [key, row] of rows) if (!wanted.includes(key)) row.remove();
  wanted.forEach((key, index) => {
    const place = list.children[index] ?? null;
    if (place?.dataset[name] === key) return;
    const row = rows.get(key) ?? template.content.firstElementChild.cloneNode(true);
    row.dataset[name] = key;
    list.insertBefore(row, place);
  });
}
