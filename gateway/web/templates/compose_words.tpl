{{%AUTOESCAPE context="HTML"}}<template data-live-words="signed-out">{{>SIGNED_OUT}}</template>
<template data-live-words="not-sent"><p class="form-error" role="alert">{{W_FORM_NOT_SENT}}</p></template>
