package e2e
import ("testing";"fmt";"time";"net/http")
func TestAdhoc(t *testing.T){
 for _, c := range []crash{{victim:"serve",step:"servers"},{victim:"serve",step:"servers",busy:"posting"},{victim:"postgres",step:"servers"},{victim:"serve",step:"servers",busy:"expense"},{victim:"postgres",step:"servers",busy:"expense"}} {
  t.Run(fmt.Sprint(c), func(t *testing.T){ t.Parallel()
   l := newLife(t); l.patient = true
   s := time.Now()
   l.pay()
   l.crashing(c, func(){ l.orderServers(); l.haveServers() })
   fmt.Println(c, time.Since(s))
   l.money("380.00","0.00")
   for _, op := range l.admin.all("/v1/operations") { fmt.Println(c, op.text("status"), op.int("attempts")) }
   fmt.Println(c, l.panels.owned(), l.service(l.a).text("started_at"), l.service(l.b).text("started_at"), http.StatusOK)
  })
 }
}
