{{%AUTOESCAPE context="HTML"}}<div class="narrow">
<h1>{{W_PAY_HEADING}}</h1>
<p class="banner">{{W_PAY_TEST}}</p>
<p class="price">{{PRICE}} <span class="quiet">{{WHAT}}</span></p>
{{#OPEN}}<p>{{W_PAY_RENEWS}}</p>
<form method="post" action="/test-payments/{{PAYMENT_ID}}">
<p><label class="check"><input type="checkbox" name="fail" value="1"> {{W_PAY_FAIL_RENEWALS}}</label></p>
<p class="form-actions"><button type="submit" class="button">{{W_PAY_APPROVE}}</button>
<button type="submit" class="button button-quiet" formaction="/test-payments/{{PAYMENT_ID}}/decline">{{W_PAY_DECLINE}}</button></p>
</form>
{{/OPEN}}
{{#DECIDED}}<p>{{TEXT}}</p>
<p><a class="button" href="{{PATH}}">{{WAY}}</a></p>
{{/DECIDED}}
</div>
