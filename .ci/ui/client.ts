// What a storefront's author would write first. It only has to compile: each line leans on a shape of the contract.
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

const api = createClient<paths>({ baseUrl: "http://127.0.0.1:8080", headers: { Authorization: "Bearer tfd_" } });

export async function order(clientID: string, tariffID: string): Promise<components["schemas"]["Order"]> {
  const { data, error, response } = await api.POST("/v1/orders", {
    params: { header: { "Idempotency-Key": "one" } },
    body: { client_id: clientID, pay: "balance", items: [{ tariff_id: tariffID, period: "P1M" }] },
  });
  if (error) throw new Error(`${response.status} ${error.code}: ${error.errors?.map((e) => e.pointer).join()}`);
  const total: components["schemas"]["Money"] = data.total;
  const amount: string = total.amount; // never a number
  return { ...data, total: { ...total, amount } };
}

export async function* services(clientID: string) {
  for (let cursor: string | undefined; ; ) {
    const { data, error } = await api.GET("/v1/services", { params: { query: { client_id: clientID, limit: 200, cursor } } });
    if (error) throw new Error(error.code);
    yield* data.data;
    if (data.next_cursor === null) return;
    cursor = data.next_cursor;
  }
}
